"""The manifest's command is one that predict.py understands, and its pods share all shards."""

import yaml

import predict
from model.archive.shards import part_of
from tests.support import ROOT

JOB = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "archive.yaml").read_text())["spec"]
(CONTAINER,) = JOB["template"]["spec"]["containers"]


def options_of(index: int):
    """How predict.py understands the command of the pod with an index."""
    texts = [text.replace("$(JOB_COMPLETION_INDEX)", str(index)) for text in CONTAINER["args"]]
    assert not any("$(" in text for text in texts)
    return predict.parse(texts)


def test_the_pods_share_all_shards():
    assert JOB["completionMode"] == "Indexed" and JOB["completions"] == JOB["parallelism"]
    shards = list(range(100))
    parts = [part_of(shards, options_of(index).shard) for index in range(JOB["completions"])]
    assert all(parts) and sorted(shard for part in parts for shard in part) == shards


def test_each_pod_writes_to_one_folder_with_a_worker_for_each_processor():
    options = options_of(0)
    assert options.out.startswith("s3://") and options.engine == "processes"
    assert len(options.images) == 1 and options.images[0].startswith("s3://")
    assert options.workers == CONTAINER["resources"]["requests"]["cpu"]


def test_the_pods_run_the_script_of_the_image_without_privileges():
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert CONTAINER["command"] == ["python", "/app/predict.py"] and "COPY . /app/" in dockerfile
    assert "\nARG LEAVE_OUT=" in dockerfile
    assert JOB["template"]["spec"]["securityContext"]["runAsNonRoot"]
    context = CONTAINER["securityContext"]
    assert context["capabilities"]["drop"] == ["ALL"] and context["readOnlyRootFilesystem"]
    assert not context["allowPrivilegeEscalation"]
