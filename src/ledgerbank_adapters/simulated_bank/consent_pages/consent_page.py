"""The page on which a bank's customer approves or denies a client's access. No script, no outside host."""

from collections.abc import Mapping, Sequence
from html import escape
from string import Template

from starlette.responses import Response

STYLESHEET_PATH = "/consent-page.css"

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title - Simulated Bank</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="$stylesheet">
</head>
<body>
<main>
<p class="bank">Simulated Bank</p>
<h1>$title</h1>
$content
<p class="note">A test bank: neither its customers nor its money are real.</p>
</main>
</body>
</html>
""")

_FORM = Template("""<p><strong>$client</strong> asks to see, for the time being:</p>
<ul>$items</ul>
<form method="post" action="$action">
$hidden
<label for="customer_name">Your name as a customer of this bank</label>
<input id="customer_name" name="customer_name" value="$name" required maxlength="80" autocomplete="off">
<p class="problem" role="alert">$problem</p>
<p class="hint">Each name is a customer with accounts of their own; the same name always has the same.</p>
<div class="buttons">
<button type="submit" name="decision" value="approve">Approve</button>
<button type="submit" name="decision" value="deny" class="deny" formnovalidate>Deny</button>
</div>
</form>""")

STYLESHEET = """\
body { font: 17px/1.5 system-ui, sans-serif; margin: 0; background: #eef1f5; color: #16202e; }
main { max-width: 30rem; margin: 3rem auto; padding: 2rem; background: #fff; border-radius: 12px; }
.bank { color: #0b6e8a; font-weight: 700; margin: 0; }
h1 { font-size: 1.5rem; margin: 0.3rem 0 1rem; }
label { display: block; font-weight: 600; margin-top: 1rem; }
input { width: 100%; box-sizing: border-box; padding: 0.6rem; font: inherit; border: 1px solid #6b7787;
  border-radius: 6px; }
.problem { color: #a3161d; font-weight: 600; margin: 0.3rem 0; }
.hint, .note { color: #55606e; font-size: 0.85rem; }
.buttons { display: flex; gap: 1rem; margin: 1.5rem 0; }
button { flex: 1; padding: 0.7rem; font: inherit; font-weight: 600; border: 0; border-radius: 6px;
  background: #0b6e8a; color: #fff; cursor: pointer; }
button.deny { background: #fff; color: #16202e; border: 1px solid #6b7787; }
button:focus-visible, input:focus-visible { outline: 3px solid #f2a900; outline-offset: 2px; }
"""


def consent_form(
    *,
    client_id: str,
    action: str,
    hidden: Mapping[str, str],
    items: Sequence[str],
    customer_name: str,
    problem: str = "",
) -> Response:
    """The form; with ``problem``, as an answer to one that could not be taken."""
    content = _FORM.substitute(
        client=escape(client_id),
        items="".join(f"<li>{escape(item)}</li>" for item in items),
        action=escape(action),
        hidden="\n".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in hidden.items()
        ),
        name=escape(customer_name),
        problem=escape(problem),
    )
    # Browsers hold a form's redirects to form-action as well, all of them: the client may send its customer
    # on to a place of its own that the bank does not know.
    status = 400 if problem else 200
    return _page("Allow access to your accounts?", content, status=status, forms="http: https:")


def refusal_page(problem: str) -> Response:
    """Tells the customer what is wrong with the link they followed. Nobody is sent anywhere."""
    return _page("This link cannot be used", f"<p>{escape(problem)}</p>", status=400, forms="'none'")


def stylesheet() -> Response:
    return Response(STYLESHEET, media_type="text/css", headers={"X-Content-Type-Options": "nosniff"})


def _page(title: str, content: str, *, status: int, forms: str) -> Response:
    page = _PAGE.substitute(title=escape(title), content=content, stylesheet=STYLESHEET_PATH)
    headers = {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none';"
            f" form-action {forms}"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return Response(page, status_code=status, media_type="text/html", headers=headers)
