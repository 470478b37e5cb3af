//! A subtest's name that can be that of a module.

use std::str::FromStr;

use dockertest::name::{Kind, SubtestName};

/// Words that cannot name a module. <https://doc.rust-lang.org/reference/keywords.html>
const KEYWORDS: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "union",
];

/// A name whose components are names of modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModuleName(SubtestName);

impl ModuleName {
    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The last component.
    pub(super) fn last(&self) -> &str {
        self.0.last()
    }

    /// The components above the last one.
    pub(super) fn above(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.as_str().split('/').collect();
        all.pop();
        all
    }

    /// The last component in the way of Rust's types: `DiskQuota`.
    pub(super) fn type_name(&self) -> String {
        let capital = |word: &str| {
            let mut letters = word.chars();
            letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        };
        let name: String = self.last().split('_').map(capital).collect();
        // `Subtest` and `Context` mean something in the file already.
        if ["Subtest", "SubSubtest", "Context", "Options", "Outcome", "Command", "Failure", "Self", "Completed"]
            .contains(&name.as_str())
        {
            format!("{name}Test")
        } else {
            name
        }
    }
}

impl FromStr for ModuleName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name: SubtestName = text.parse().map_err(|bad: dockertest::name::BadName| bad.to_string())?;
        let components: Vec<&str> = text.split('/').collect();
        for component in &components {
            let letters = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
            let problem = if !component.bytes().all(letters) || !component.starts_with(|c: char| c.is_ascii_lowercase())
            {
                "is no name of a module: it is made of a-z, 0-9 and _, with a letter first"
            } else if component.ends_with('_') || component.contains("__") {
                "has a `_` too many"
            } else if KEYWORDS.contains(component) {
                "is a word of Rust"
            } else if Kind::ALL.iter().any(|kind| kind.folder() == *component) {
                "is the folder of a kind of tests: leave it out"
            } else {
                continue;
            };
            return Err(format!("`{component}` of `{text}` {problem}{}", advice(component)));
        }
        // The library takes a module in a module of the same name for one.
        if let Some(pair) = components.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("`{}` is twice in a row in `{text}`: once is enough", pair[0]));
        }
        Ok(ModuleName(name))
    }
}

/// A name that would do, if there is one near.
fn advice(component: &str) -> String {
    if KEYWORDS.contains(&component) {
        return format!(" (`{component}_it` would do)");
    }
    let other = component.to_lowercase().replace(['-', '.'], "_");
    // Not asked of a name that stays as it is, for that asks for advice itself.
    match (other != component).then(|| other.parse::<ModuleName>()) {
        Some(Ok(name)) => format!(" (`{}` would do)", name.as_str()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("disk_quota", "DiskQuota", &[])]
    #[case("docker_cli/my_test", "MyTest", &["docker_cli"])]
    #[case("a/b2/context", "ContextTest", &["a", "b2"])]
    fn a_name_is_a_place_and_a_type(#[case] name: &str, #[case] type_name: &str, #[case] above: &[&str]) {
        let name: ModuleName = name.parse().unwrap();
        assert_eq!((name.type_name().as_str(), name.above().as_slice()), (type_name, above));
    }

    #[rstest]
    #[case::empty("", "is not a subtest name")]
    #[case::out("../x", "is not a subtest name")]
    #[case::dash("docker_cli/my-test", "(`my_test` would do)")]
    #[case::capital("Kill", "(`kill` would do)")]
    #[case::digit("2fast", "with a letter first")]
    #[case::keyword("docker_cli/move", "is a word of Rust (`move_it` would do)")]
    #[case::kind("subtests/x", "leave it out")]
    #[case::underscores("a__b", "has a `_` too many")]
    #[case::twice("kill/kill", "once is enough")]
    fn what_is_no_module_says_what_would_be(#[case] name: &str, #[case] expected: &str) {
        let said = name.parse::<ModuleName>().unwrap_err();
        assert!(said.contains(expected), "{said}");
    }
}
