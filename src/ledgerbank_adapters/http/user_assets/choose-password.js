"use strict";

// The token goes out of the address at once: neither the history nor a shared screen keeps it.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", location.pathname);

const form = document.getElementById("form");
const outcome = document.getElementById("outcome");
const TELL = {
  token_expired: "This link is too old. Ask for another one.",
  invalid_token: "This link was used already, or a newer one took its place.",
  rate_limit_exceeded: "Too many tries. Wait a minute.",
};

if (!token) {
  form.hidden = true;
  outcome.textContent = "The address of this page is not complete. Open the link from your mail again.";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  outcome.textContent = "";
  try {
    const answer = await fetch("../password-reset/confirm", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        token,
        new_password: document.getElementById("new-password").value,
        password_confirmation: document.getElementById("password-confirmation").value,
      }),
    });
    if (answer.ok) {
      form.reset();
      form.hidden = true;
      outcome.textContent = "Your password is set. You can close this page and log in.";
      return;
    }
    const { error } = await answer.json();
    outcome.textContent =
      TELL[error.reason] ?? error.details?.message ?? "That did not work. Try again in a few minutes.";
  } catch {
    outcome.textContent = "That did not work. Try again in a few minutes.";
  }
});

// The same link opened again in this tab changes the fragment only.
addEventListener("hashchange", () => location.reload());
