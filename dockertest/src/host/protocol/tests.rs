//! The book's page and the messages say the same.

use super::{HostMessage, Mode, RunnerMessage};

/// The book's page, which tells authors of hosts what to write.
const PAGE: &str = include_str!("../../../../docs/src/protocol.md");

#[test]
fn the_page_shows_messages_as_they_are() {
    let mut shown = 0;
    for line in PAGE.lines().map(str::trim_start) {
        if let Some(request) = line.strip_prefix("← ") {
            serde_json::from_str::<RunnerMessage>(request).unwrap();
        } else if line.starts_with("→ ") || line.starts_with('{') {
            serde_json::from_str::<HostMessage>(line.trim_start_matches("→ ")).unwrap();
        } else {
            continue;
        }
        shown += 1;
    }
    assert_eq!(shown, 16);
}

#[test]
fn the_page_shows_every_mode_as_it_is() {
    let resume = Mode::Resume { resume_at: "second half".to_owned(), rebooted: true };
    for mode in [Mode::Full, Mode::Cleanup { reason: "...".to_owned() }, resume] {
        let text = serde_json::to_string(&mode).unwrap();
        assert!(PAGE.contains(&format!("`{text}`")), "{text}");
    }
}
