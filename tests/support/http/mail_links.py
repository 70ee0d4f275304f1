"""The links of mails, as a person finds them in the development mailbox with a browser."""

import re

from playwright.sync_api import Page
from tests.support.servers.running_server import RunningServer
from tests.support.waiting import wait_until


def link_from_mailbox(page: Page, server: RunningServer, subject: str, *, to: str) -> str:
    """The link of the newest mail to somebody with this subject, once it has arrived."""
    mailbox = f"http://127.0.0.1:{server.port}/api/dev/mailbox"

    mails = page.locator("article", has=page.get_by_role("heading", name=subject), has_text=to)

    def has_arrived() -> bool:
        page.goto(mailbox)
        return mails.count() > 0

    wait_until(has_arrived, f"a mail {subject}", seconds=30)
    found = re.search(r"http://\S+#token=[\w-]{43}", mails.first.locator("> pre").inner_text())
    assert found is not None
    # The browser is kept to one host, under one name.
    return found[0].replace("localhost", "127.0.0.1")
