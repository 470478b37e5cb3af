//! What every page has: a head that forbids everything, the style sheet, and the script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::evidence::shown;

pub(super) const STYLE: &str = include_str!("page.css");

/// What makes a page one of its own.
pub(in crate::report) struct Parts<'p> {
    pub(in crate::report) title: &'p str,
    pub(in crate::report) script: &'static str,
    pub(in crate::report) body: Markup,
}

/// A whole page.
pub(in crate::report) fn document(parts: &Parts<'_>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(parts.script));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (shown(parts.title)) " - dockertest" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (parts.body)
                script { (PreEscaped(parts.script)) }
            }
        }
    }
}

/// What the browser may do with the page: nothing but show it with its own style and script, known by their digests.
fn policy(script: &str) -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'",
        digest(STYLE),
        digest(script)
    )
}
