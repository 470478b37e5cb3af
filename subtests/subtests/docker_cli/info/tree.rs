//! Text for people that is a tree: names and values, and what belongs to a name indented below it.

/// One line: the names above it and its own, joined by slashes, and its value, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) value: String,
}

/// The lines of a text, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tree(Vec<Entry>);

impl Tree {
    pub(super) fn parse(text: &str) -> Self {
        // The indentation of the names above and, for each, its path.
        let mut above: Vec<(usize, String)> = Vec::new();
        let mut entries = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let indentation = line.len() - line.trim_start().len();
            above.retain(|(of_name, _)| *of_name < indentation);
            let (name, value) = name_and_value(line.trim());
            let path = match above.last() {
                Some((_, parent)) => format!("{parent}/{name}"),
                None => name.to_owned(),
            };
            above.push((indentation, path.clone()));
            entries.push(Entry { path, value: value.to_owned() });
        }
        Tree(entries)
    }

    /// The values of all lines of this path. One is usual.
    pub(super) fn values(&self, path: &str) -> Vec<&str> {
        self.0.iter().filter(|entry| entry.path == path).map(|entry| entry.value.as_str()).collect()
    }

    /// The names right below this path, in order.
    pub(super) fn below(&self, path: &str) -> Vec<&str> {
        let prefix = format!("{path}/");
        let names = self.0.iter().filter_map(|entry| entry.path.strip_prefix(&prefix));
        names.filter(|name| !self.is_deeper(&prefix, name)).collect()
    }

    /// Whether a path below `prefix` has another name between: names may have slashes of their own.
    fn is_deeper(&self, prefix: &str, rest: &str) -> bool {
        let mut between = rest.match_indices('/').map(|(place, _)| format!("{prefix}{}", &rest[..place]));
        between.any(|path| self.0.iter().any(|entry| entry.path == path))
    }

    /// A path that two lines have, or none.
    pub(super) fn twice(&self) -> Option<&str> {
        let is_twice = |place: usize| self.0[..place].iter().any(|entry| entry.path == self.0[place].path);
        (0..self.0.len()).find(|place| is_twice(*place)).map(|place| self.0[place].path.as_str())
    }
}

/// `Name: value`, `Name:`, or only a name.
fn name_and_value(line: &str) -> (&str, &str) {
    match line.split_once(": ") {
        Some((name, value)) => (name.trim(), value.trim()),
        None => (line.strip_suffix(':').unwrap_or(line), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Client:\n Debug Mode: false\n\nServer:\n Containers: 3\n  Running: 1\n Security Options:\n  seccomp\n   \
                        Profile: default\n Registry Mirrors:\n  https://a.example/\n  https://b.example/\n init version: \n";

    #[test]
    fn each_line_is_found_by_the_names_above_it() {
        let tree = Tree::parse(TEXT);
        assert_eq!(tree.values("Server/Containers/Running"), ["1"]);
        assert_eq!(tree.values("Client/Debug Mode"), ["false"]);
        assert_eq!(tree.values("Server/Security Options/seccomp/Profile"), ["default"]);
        assert_eq!(tree.below("Server/Registry Mirrors"), ["https://a.example/", "https://b.example/"]);
        assert_eq!(tree.below("Server/Security Options"), ["seccomp"]);
        assert_eq!(tree.values("Server/init version"), [""]);
        assert_eq!(tree.values("Server/Images"), [""; 0]);
        assert_eq!(tree.twice(), None);
    }

    #[test]
    fn a_line_that_is_there_twice_is_noticed() {
        let tree = Tree::parse("Server:\n Images: 1\n Images: 2\n");
        assert_eq!(tree.twice(), Some("Server/Images"));
        assert_eq!(tree.values("Server/Images"), ["1", "2"]);
    }
}
