"""Writes a network's report as a model card in Markdown."""

_GROUPS = (
    ("strokes", "all drawings, any pen width"),
    ("slashed zero", "zeros with a slash"),
    ("flagged one", "ones with a flag"),
    ("crossed seven", "sevens with a bar"),
    ("curled nine", "nines with a curled tail"),
    ("pixels", "as pictures, mean of three pen widths"),
)


def render_card(report: dict) -> str:
    """Writes the card.

    Args:
        report: The content of `report.json`; its figures on pen drawings, `pen`, may be absent.

    Returns:
        Markdown under the headings of M. Mitchell et al., "Model cards for model reporting",
        FAT* 2019, arXiv:1810.03993.
    """
    network, data, test = report["network"], report["data"], report["test"]
    held_out = (
        f"{data['num_validation']:,} {data['validation']} validated and fitted the confidence"
        if data["num_validation"]
        else "none were held out"
    )
    parts = [
        "# Model card",
        "## Model details",
        f"{network['name']}: a convolutional network of {network['num_parameters']:,} parameters "
        f"({network['num_bytes'] / 1e6:.1f} MB as ONNX), run `{report['run']}`, trained "
        f"{report['trained_at']} by `python train.py {_options(report)}`. MIT licence.",
        "## Intended use",
        "Reading single handwritten digits, 0 to 9, drawn on a canvas or cut out of a picture, to "
        "learn and teach with. Not for reading cheques, forms, addresses or anything where a "
        "wrong digit does harm.",
        "## Factors",
        "The way of writing a digit (slash, flag, bar, curl), the writer, pen width, size and "
        "place. Writers were mostly American (MNIST) and European or American (pen drawings); "
        "other scripts' digits are not read.",
        "## Metrics",
        "Accuracy with Wilson's 95 % interval; expected calibration error over 15 bins; AUROC of "
        "the largest probability for digits against letters.",
        "## Evaluation data",
        f"{data['num_test']:,} MNIST test images (Y. LeCun, C. Cortes and C. Burges; CC BY-SA 3.0)"
        + (
            f", read by {report['test_set_reads']} networks so far, this one included."
            if "test_set_reads" in report
            else "."
        )
        + (
            " Pen drawings of UNIPEN train_r01_v07 (I. Guyon et al., ICPR 1994; CC BY 4.0): never "
            "trained on."
            if "pen" in report
            else ""
        ),
        "## Training data",
        f"{data['num_training']:,} {data['training']}; {held_out}. Distortions, glyph variants "
        f"and what is no digit are made by code.{_corrections(report)}",
        "## Quantitative analyses",
        _table(report),
        "## Ethical considerations",
        "Drawings stay in the visitor's session; one that its visitor corrects is kept on the "
        "computer that runs the page. People whose way of writing is rare in MNIST are "
        "read less well; the table says by how much where it is known.",
        "## Caveats and recommendations",
        f"The likeliest digit is wrong on {test['num_all'] - test['num_right']} of "
        f"{test['num_all']:,} test images; about 15 of their labels are disputed. An answer set "
        'such as "4 or 9" and "this doesn\'t look like a digit" are fitted on digits made by code '
        "from held-out writers, so on other people's drawings their rates differ somewhat. A 1 "
        "with a long flag and no foot and an American 7 are one shape.",
    ]
    return "\n\n".join(parts) + "\n"


def _options(report: dict) -> str:
    """Returns the options of `train.py` that made the network."""
    if "finetuning" in report:
        return "--corrections"
    return f"--preset {report['config']['preset']}"


def _corrections(report: dict) -> str:
    """Returns a sentence on fine-tuning, or `""` without it."""
    tuned = report.get("finetuning")
    if tuned is None:
        return ""
    return (
        f" Fine-tuned from run `{tuned['started_from']}` with {tuned['num_corrections']:,} "
        f"corrections by visitors: {tuned['num_right_before']:,} of them were read right before, "
        f"{tuned['num_right_after']:,} are now."
    )


def _table(report: dict) -> str:
    """Returns the table of accuracies and two lines on calibration."""
    rows = ["| Set | Accuracy | 95 % interval | Images |", "|---|---|---|---|"]

    def add(name: str, figures: dict) -> None:
        rows.append(
            f"| {name} | {figures['accuracy']:.2%} | {figures['low']:.2%} – {figures['high']:.2%} "
            f"| {figures['num_all']:,} |"
        )

    def add_all(part: dict, suffix: str = "") -> None:
        add(f"MNIST test{suffix}", part["test"])
        if part.get("validation"):
            add(f"MNIST, held-out writers{suffix}", part["validation"])
        pen = part.get("pen", {})
        for key, name in _GROUPS:
            if key in pen:
                add(f"Pen digits: {name}{suffix}", pen[key])
        for figures in pen.get("sets", []):
            add(f"Other digits: {figures['name']}{suffix}", figures)
        if "pictures" in pen:
            add(f"Photos and pictures of one digit{suffix}", pen["pictures"])

    add_all(report)
    pen, int8 = report.get("pen", {}), report.get("int8")
    if int8:
        add_all(int8, ", int8")
    rows.append("")
    if int8 and int8["refused"]:
        rows.append(f"The int8 network was refused: {int8['refused']}.")
    elif int8:
        rows.append(
            f"`predict.py --fast` uses the int8 network ({int8['num_bytes'] / 1e6:.1f} MB): 8-bit "
            "arithmetic except in the first convolution and the last layer."
        )
    rows.append("")
    rows.append(f"Calibration error on MNIST's test images: {report['test']['ece']:.4f}.")
    if "ece" in pen:
        rows.append(
            f"On pen digits: {pen['ece']:.4f}; {pen['refused']:.2%} of them are refused, and "
            f"{pen['covered']:.2%} of answers include the right digit, with {pen['set_size']:.3f} "
            f"digits on average. Letters that look like no digit: AUROC {pen['auroc']:.4f}."
        )
    return "\n".join(rows)
