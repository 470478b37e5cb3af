//! What `docker version` and `podman version` show in their table for people.

use std::collections::BTreeMap;

/// Values by their labels, in lower case, since docker writes `Git commit` and `GitCommit`.
pub(super) type Labelled = BTreeMap<String, String>;

/// The table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) client: Labelled,
    /// The parts of the server: `Engine`, `containerd`, ….
    pub(super) server: BTreeMap<String, Labelled>,
}

impl Shown {
    /// In docker's table all but the halves' headings is indented; the parts of the server are headings with more
    /// indented lines below. Podman has a client alone, and indents nothing.
    pub(super) fn from_table(text: &str) -> Self {
        let mut shown = Shown::default();
        let mut is_server = None;
        let mut part = String::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if line.starts_with("Client:") || line.starts_with("Server:") {
                is_server = Some(line.starts_with("Server:"));
                part.clear();
                continue;
            }
            let Some((label, value)) = line.split_once(':') else { continue };
            let (label, value) = (label.trim(), value.trim().to_owned());
            let indent = line.len() - line.trim_start().len();
            match is_server {
                Some(true) if indent == 1 => part = label.to_owned(),
                Some(true) => {
                    shown.server.entry(part.clone()).or_default().insert(plain(label), value);
                }
                Some(false) => {
                    shown.client.insert(plain(label), value);
                }
                None => {}
            }
        }
        shown
    }
}

/// A label, however it is written.
pub(super) fn plain(label: &str) -> String {
    label.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled<const N: usize>(values: [(&str, &str); N]) -> Labelled {
        values.map(|(label, value)| (label.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn each_part_has_values_of_its_own() {
        let table = "Client: Docker Engine - Community\n Version:           28.2.2\n API version:       1.41 (downgraded from 1.50)\n\n\
                     Server: Docker Engine\n Engine:\n  Version:          20.10.24+dfsg1\n  Built:            Thu May  7 21:09:36 2026\n \
                     docker-init:\n  Version:          0.19.0\n  GitCommit:        \n";
        let shown = Shown::from_table(table);
        assert_eq!(shown.client, labelled([("version", "28.2.2"), ("apiversion", "1.41 (downgraded from 1.50)")]));
        let engine = labelled([("version", "20.10.24+dfsg1"), ("built", "Thu May  7 21:09:36 2026")]);
        let init = labelled([("version", "0.19.0"), ("gitcommit", "")]);
        assert_eq!(shown.server, [("Engine".to_owned(), engine), ("docker-init".to_owned(), init)].into());
    }

    #[test]
    fn podman_shows_no_server() {
        let table = "Client:       Podman Engine\nVersion:      4.3.1\nAPI Version:  4.3.1\n";
        let shown = Shown::from_table(table);
        assert_eq!(shown.client, labelled([("version", "4.3.1"), ("apiversion", "4.3.1")]));
        assert!(shown.server.is_empty());
    }

    #[test]
    fn text_that_is_no_table_shows_nothing() {
        assert_eq!(Shown::from_table("Version: 1\npanic: no\n"), Shown::default());
    }
}
