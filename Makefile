.PHONY: install run train test check audit image lock

install:
	pip install -r requirements-dev.txt

run:
	streamlit run app.py

train:
	python train.py

test:
	pytest -n auto --dist loadfile

check:
	ruff format --check .
	ruff check .
	bandit -q -c pyproject.toml -r .
	python -m deploy.audit
	pytest -n auto --dist loadfile -m "not slow and not browser"

audit:
	python -m deploy.audit --strict

image:
	python -m deploy.rehearse

lock:
	uv pip compile --universal --python-version 3.11 requirements-dev.txt -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
		--custom-compile-command "make lock" requirements-serve.txt -c requirements.lock \
		-o requirements-serve.lock
