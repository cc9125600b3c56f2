"""Waiting in a test until a script expression holds on the page."""

from playwright.sync_api import Error, Page

from tests.support.service_process import wait_until


def wait_js(page: Page, expression: str) -> None:
    """Until a script expression holds. Asked through the debugger: the page's policy forbids evaluating text."""

    def holds() -> bool:
        try:
            return bool(page.evaluate(expression))
        except Error as error:
            if "Execution context was destroyed" not in str(error):
                raise
            return False  # the next page comes

    wait_until(holds, expression)


def wait_video(page: Page, condition: str, selector: str = "video") -> None:
    """Until the page has a video of which `condition`, a script expression about `video`, holds."""
    wait_js(page, f"(video => video !== null && ({condition}))(document.querySelector('{selector}'))")
