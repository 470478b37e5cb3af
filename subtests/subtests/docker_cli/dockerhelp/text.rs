//! What help texts of docker and podman say.

use std::collections::BTreeMap;

/// How something is used: what stands behind `Usage:`, on the same line or on the next one.
pub(super) fn usage(text: &str) -> Option<&str> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("Usage:"));
    let same = lines.next()?.strip_prefix("Usage:")?.trim();
    if same.is_empty() { lines.next() } else { Some(same) }
}

/// The commands that are listed under headings that end with `Commands:`, with what each does.
pub(super) fn commands(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut is_list = false;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if !line.starts_with(' ') {
            is_list = line.trim_end().ends_with("Commands:");
        } else if is_list && let Some((name, summary)) = line.trim().split_once(' ') {
            found.insert(name.trim_end_matches('*').to_owned(), summary.trim().to_owned());
        }
    }
    found
}

/// The long names of the options that are listed.
pub(super) fn options(text: &str) -> Vec<String> {
    let listed = text.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let long = listed.filter_map(|line| line.split([' ', ',']).find(|word| word.starts_with("--")));
    long.map(str::to_owned).collect()
}

/// Whether the first line is a complaint about something unknown.
pub(super) fn says_that_something_is_unknown(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_lowercase();
    ["unknown", "is not a docker command", "unrecognized"].iter().any(|words| first.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKER: &str = "\nUsage:  docker [OPTIONS] COMMAND\n\nA runtime\n\nOptions:\n  -v, --version            Print\n      \
                          --tls string  x\n\nManagement Commands:\n  builder     Manage builds\n  buildx*     Docker \
                          Buildx\n\nCommands:\n  attach      Attach to a container\n\nRun 'docker COMMAND --help'\n";
    const PODMAN: &str = "Attach\n\nDescription:\n  The command.\n\nUsage:\n  podman attach [options] CONTAINER\n\nOptions:\n      --no-stdin   x\n";

    #[test]
    fn usage_is_on_the_line_or_on_the_next_one() {
        assert_eq!(usage(DOCKER), Some("docker [OPTIONS] COMMAND"));
        assert_eq!(usage(PODMAN), Some("podman attach [options] CONTAINER"));
        assert_eq!(usage("no"), None);
    }

    #[test]
    fn commands_are_those_below_their_headings() {
        let found: Vec<_> = commands(DOCKER).into_iter().collect();
        let expected = [("attach", "Attach to a container"), ("builder", "Manage builds"), ("buildx", "Docker Buildx")];
        assert_eq!(found, expected.map(|(name, summary)| (name.to_owned(), summary.to_owned())));
        assert!(commands(PODMAN).is_empty());
    }

    #[test]
    fn options_have_long_names() {
        assert_eq!(options(DOCKER), ["--version", "--tls"]);
        assert_eq!(options(PODMAN), ["--no-stdin"]);
    }
}
