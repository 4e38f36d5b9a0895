"""The menu: the app's pages by what a visitor wants; those that are switched off are left out."""

from pathlib import Path

import streamlit as st

from ops.settings import settings

# Streamlit gives neither the button that opens a phone's drawer nor a captioned picture a name for
# screen readers, and its drawer stays open over the chosen page.
_HELPER = st.components.v2.component(
    "digitpad_menu",
    js="""
export default function () {
  const named = () => {
    document.querySelector('[data-testid=stExpandSidebarButton]')
      ?.setAttribute('aria-label', 'Menu');
    for (const box of document.querySelectorAll('[data-testid=stImageContainer]')) {
      const caption = box.querySelector('[data-testid=stImageCaption]')?.innerText ?? '';
      const image = box.querySelector('img');
      if (image && image.getAttribute('alt') !== caption) image.alt = caption;
    }
  };
  const close = (event) => {
    if (innerWidth >= 768 || !event.target.closest?.('[data-testid=stSidebarNavLink]')) return;
    document.querySelector('[data-testid=stSidebarCollapseButton] button')?.click();
  };
  const app = document.querySelector('[data-testid=stApp]');
  const watcher = new MutationObserver(named);
  watcher.observe(app, { childList: true, subtree: true });
  named();
  document.addEventListener('click', close);
  return () => { watcher.disconnect(); document.removeEventListener('click', close); };
}
""",
)
PAGES = Path(__file__).parents[1] / "app_pages"
TEST_SET = PAGES / "test_set.py"


def pages() -> dict[str, list]:
    """The groups of the menu, each with its pages."""
    on = settings()
    understand = [
        _page("lab", "How it works", "science"),
        *([_page("watch", "Watch it learn", "school")] if on.training else []),
        _page("test_set", "Test images", "grid_view"),
        _page("handwriting", "My handwriting", "signature"),
    ]
    model = [_page("dashboard", "Results and runs", "monitoring")]
    if on.training:
        model.append(_page("train", "Train", "model_training"))
    if on.corrections_page or on.password.get_secret_value():
        model.append(_page("corrections", "Corrections", "edit_note"))
    return {
        "Read": [_page("draw", "Draw", "draw", True), _page("paper", "Paper", "photo_camera")],
        "Understand": understand,
        "Model": model,
    }


def _page(name: str, title: str, icon: str, is_first: bool = False):
    path = PAGES / f"{name}.py"  # absolute, because another script may run the app
    return st.Page(path, title=title, icon=f":material/{icon}:", default=is_first)


def name_menu_and_pictures() -> None:
    """Names the phone's menu button and pictures; closes the drawer when a page is chosen."""
    _HELPER(key="menu", height=0)
