"""Makes the README's screenshots: `python -m docs.screenshots`, with Chromium installed.

The test set page shows the digits that ship with the app: MNIST is not ours to copy.
"""

import io

from PIL import Image

from benchmarks.page import ANSWER, ROOT, chromium, draw, ready_to_draw, running_app, visit
from benchmarks.sheets import sheet

FOLDER = ROOT / "docs" / "screenshots"
TWO = ((85, 95), (110, 60), (160, 55), (190, 90), (165, 145), (85, 225), (205, 225))


def main() -> None:
    with (
        running_app(DIGITPAD_DATA="none", DIGITPAD_RUNS="none") as (address, _),  # no such folders
        chromium() as browser,
    ):
        take(browser.new_page(viewport={"width": 1100, "height": 760}), address)


def take(page, address: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.goto(address)
    ready_to_draw(page)
    draw(page, TWO)
    page.locator(ANSWER).first.wait_for()
    shoot(page, "draw")
    visit(page, "Paper")
    page.locator("input[type=file]").set_input_files(
        {"name": "sheet.png", "mimeType": "image/png", "buffer": png_of_a_sheet()}
    )
    page.locator("button.box").first.wait_for()
    shoot(page, "paper")
    visit(page, "Draw")
    page.get_by_role("radio", name="Keyboard").click()
    page.get_by_role("button", name="Example").click()
    page.locator(ANSWER).first.wait_for()
    shoot(page, "keyboard")
    for link, sign, name in (
        ("How it works", "text=The same drawing in other demos", "lab"),
        ("Test images", "button.tile", "test-set"),
        ("Results and runs", "text=Read right, by data set", "dashboard"),
    ):
        visit(page, link)
        page.locator(sign).first.wait_for()
        shoot(page, name)


def png_of_a_sheet() -> bytes:
    buffer = io.BytesIO()
    picture = sheet(seed=3, gradient=0.5, noise=5, ruled=True)
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def shoot(page, name: str) -> None:
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)  # charts draw themselves without telling
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
