"""The page's looks: every class is one that a stylesheet or a script knows, and colours can be told apart."""

import re
from itertools import chain
from pathlib import Path

import pytest

from api_server.http.static_files import library_path

WEB = Path(__file__).parents[3] / "api_server" / "web"
LIBRARY_CSS = library_path().read_text(encoding="utf-8")
OWN_CSS = "".join(path.read_text(encoding="utf-8") for path in sorted(WEB.rglob("*.css")))
HOOKS = {"problem", "purpose", "field-problem"}
"""Looked for by scripts and tests, styled by nothing."""
OF_DATA_PICTURES = {"btn-close", "form-switch", "accordion-button", "navbar-toggler-icon", "is-valid", "is-invalid"}
"""Bootstrap draws these with `data:` pictures, which the policy (`img-src 'self'`) refuses."""
AA = 4.5


def css_classes(css: str) -> set[str]:
    return set(re.findall(r"\.([a-zA-Z][\w-]*)", css))


def used_classes(text: str) -> set[str]:
    """What stands between quotes after `class=` and `class:`; parts that are made up on the way are left out."""
    quoted = chain(re.findall(r'\bclass="([^"]*)"', text), re.findall(r'\bclass: "([^"]*)"', text))
    made_up = re.findall(r"\bclass: `([^`]*)`", text)
    bare = re.sub(r"\{[{%].*?[%}]\}|\$\{[^}]*\}", " ", " ".join([*quoted, *made_up]))
    return {word for word in bare.split() if re.fullmatch(r"[a-zA-Z][\w-]*[a-zA-Z0-9]", word)}


@pytest.mark.parametrize("path", sorted([*WEB.rglob("*.html"), *WEB.rglob("*.js")]), ids=lambda path: path.name)
def test_every_class_is_known(path: Path) -> None:
    known = css_classes(LIBRARY_CSS) | css_classes(OWN_CSS) | HOOKS
    used = used_classes(path.read_text(encoding="utf-8"))
    assert used - known == set()
    assert not used & OF_DATA_PICTURES


def test_own_style_has_no_data_pictures_and_is_the_smaller_part() -> None:
    assert "url(data:" not in OWN_CSS.replace('"', "").replace("'", "")
    assert len(OWN_CSS) < 20_000


def variables(scheme: str) -> dict[str, str]:
    """The library's variables of a scheme, with ours over them."""
    found: dict[str, str] = {}
    for css in (LIBRARY_CSS, OWN_CSS):
        for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
            is_dark = selector.strip().replace('"', "").endswith("[data-bs-theme=dark]")
            if ":root" in selector or (is_dark and scheme == "dark"):
                found |= dict(re.findall(r"(--[\w-]+):\s*([^;}]+)", body))
    return found


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2, of `#rgb`, `#rrggbb` or `r, g, b`."""
    if colour.startswith("#"):
        digits = colour[1:] if len(colour) == 7 else "".join(one * 2 for one in colour[1:])
        parts = [int(digits[at : at + 2], 16) for at in (0, 2, 4)]
    else:
        parts = [int(part) for part in colour.split(",")]
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_below_them(scheme: str) -> None:
    values = variables(scheme)
    surfaces = [values[name] for name in ("--page", "--bs-body-bg", "--bs-tertiary-bg", "--bs-secondary-bg")]
    pairs = {
        (name, surface): contrast(values[name], surface)
        for surface in surfaces
        for name in ("--bs-body-color", "--bs-secondary-color", "--bs-link-color-rgb")
    }
    pairs |= {
        (mood, "subtle"): contrast(values[f"--bs-{mood}-text-emphasis"], values[f"--bs-{mood}-bg-subtle"])
        for mood in ("success", "warning", "danger", "info")
    }
    pairs |= {("white", name): contrast("#fff", values[name]) for name in ("--button", "--button-hover")}
    assert {pair: round(found, 2) for pair, found in pairs.items() if found < AA} == {}
