//! Pages made of what the bundled subtests' files say.

use std::fmt::Write as _;

use super::bundled::{Bundled, Fault, KINDS};
use super::ini::{Section, Setting};

/// Where the summary lists the pages.
pub(crate) const IN_SUMMARY: &str = "<!-- here: a line for each bundled subtest -->";
/// Where the page of all subtests has its table.
pub(crate) const IN_TABLE: &str = "<!-- here: a table of the bundled subtests -->";

/// Where the page of engines has what the subtests' pages say of them.
pub(crate) const IN_ENGINES: &str = "<!-- here: what each bundled subtest says of engines -->";

/// Where the page of faults has all of them.
pub(crate) const IN_FAULTS: &str = "<!-- here: a table of all faults -->";

/// The path of a test's page below the book's source.
pub(crate) fn path(test: &Bundled) -> String {
    format!("{}/{}.md", test.kind, test.name)
}

/// The whole page.
pub(crate) fn page(test: &Bundled) -> String {
    let mut text = format!("# {}\n\n{}\n", test.name, demoted(&test.prose));
    if test.kind == "subtests" {
        let _ = write!(text, "\n## Run it\n\n```sh\ndockertest run --args={}\n", test.name);
        if !test.faults.is_empty() {
            let _ = writeln!(text, "dockertest faults --args={}", test.name);
        }
        text.push_str("```\n");
    }
    let children = children(test);
    if !children.is_empty() {
        text.push_str("\n## Sub-subtests\n\n");
        for (name, about) in children {
            let _ = writeln!(text, "* `{name}`{}", indented(&about));
        }
    }
    text.push_str(&options(test));
    if !test.faults.is_empty() {
        text.push_str(&faults(&test.faults));
    }
    text
}

/// The lines of the summary, indented by one level.
pub(crate) fn summary(tests: &[Bundled]) -> String {
    let lines: Vec<String> = by_kind(tests).map(|test| format!("  - [{}]({})", test.name, path(test))).collect();
    lines.join("\n")
}

/// All tests with the first sentence of each.
pub(crate) fn table(tests: &[Bundled]) -> String {
    let mut text = String::from("| name | what it is about | faults |\n| --- | --- | --- |\n");
    for test in by_kind(tests) {
        let about = first_paragraph(&test.prose).replace('|', "\\|");
        let faults = if test.faults.is_empty() { String::new() } else { test.faults.len().to_string() };
        let _ = writeln!(text, "| [{}]({}) | {about} | {faults} |", test.name, path(test));
    }
    text.trim_end().to_owned()
}

/// All faults, a line each, below a line for their subtest: two columns are what a screen has room for.
pub(crate) fn all_faults(tests: &[Bundled]) -> String {
    let mut text = String::from("<div class=\"sentences-last\">\n\n");
    text.push_str("| subtest, and its faults | promise that is broken |\n| --- | --- |\n");
    for test in by_kind(tests).filter(|test| !test.faults.is_empty()) {
        let _ = writeln!(text, "| **[{}]({})** | |", test.name, path(test));
        for fault in &test.faults {
            let promise = plain(&fault.promise).replace('|', "\\|");
            let _ = writeln!(text, "| `{}` | {promise} |", fault.name);
        }
    }
    text.push_str("\n</div>");
    text
}

/// What the tests say of differences between engines, a heading each.
pub(crate) fn differences(tests: &[Bundled]) -> String {
    let mut text = String::new();
    for test in by_kind(tests) {
        if let Some(said) = of_engines(&test.prose) {
            let _ = write!(text, "### [{}]({})\n\n{said}\n\n", test.name, path(test));
        }
    }
    text.trim_end().to_owned()
}

/// The part of a text below its heading `Engines`, or its paragraph that begins with `Engines differ`.
fn of_engines(prose: &str) -> Option<String> {
    let lines: Vec<&str> = prose.lines().collect();
    let is_heading = |line: &&str| line.starts_with('#');
    let part = match lines.iter().position(|line| is_heading(line) && line.trim_start_matches('#').trim() == "Engines")
    {
        Some(at) => lines[at + 1..].iter().copied().take_while(|line| !is_heading(line)).collect::<Vec<_>>(),
        None => {
            let at = lines.iter().position(|line| line.starts_with("Engines differ"))?;
            lines[at..].iter().copied().take_while(|line| !line.is_empty()).collect()
        }
    };
    Some(part.join("\n").trim().to_owned())
}

/// Subtests come first: they are what a reader looks for.
fn by_kind(tests: &[Bundled]) -> impl Iterator<Item = &Bundled> {
    let order = |kind: &str| KINDS.iter().position(|known| *known == kind);
    let mut sorted: Vec<&Bundled> = tests.iter().collect();
    sorted.sort_by_key(|test| (test.kind != "subtests", order(test.kind)));
    sorted.into_iter()
}

/// The sub-subtests in the order of the option `subsubtests`, with what their sections say.
fn children(test: &Bundled) -> Vec<(String, String)> {
    let listed = test.sections.iter().flat_map(|section| {
        let below = section.name.strip_prefix(&test.name).unwrap_or_default().trim_start_matches('/').to_owned();
        let list = section.options.iter().find(|setting| setting.name == "subsubtests");
        let names = list.map(|setting| setting.value.as_str()).unwrap_or_default().split(',');
        names.map(str::trim).filter(|name| !name.is_empty()).map(move |name| match below.as_str() {
            "" => name.to_owned(),
            below => format!("{below}/{name}"),
        })
    });
    let about = |name: &str| {
        let section = format!("{}/{name}", test.name);
        test.sections.iter().find(|known| known.name == section).map(|known| known.about.clone()).unwrap_or_default()
    };
    let with_text = |name: String| {
        let text = about(&name);
        (name, text)
    };
    listed.map(with_text).collect()
}

fn options(test: &Bundled) -> String {
    let mut text = String::new();
    for (number, section) in test.sections.iter().filter(|section| !section.options.is_empty()).enumerate() {
        if number == 0 {
            let up = "../".repeat(path(test).matches('/').count());
            let _ = write!(
                text,
                "\n## All options\n\nWith the shipped values; those that hold for every subtest are in \
                 [Configuration]({up}configuration.md#options-of-the-framework).\n"
            );
        }
        let _ = write!(text, "\n### `[{}]`\n\n", section.name);
        let is_own = section.name == test.name;
        if is_own && !section.about.is_empty() {
            let _ = write!(text, "{}\n\n", plain(&section.about));
        }
        for (number, setting) in section.options.iter().enumerate() {
            let next = section.options.get(number + 1);
            let is_shared = next.is_some_and(|next| !next.about.is_empty() && next.about == setting.about);
            text.push_str(&option(setting, !is_shared));
        }
    }
    text
}

/// A line for an option, and what is said about it, if that is to be said here: of several that share a comment the last
/// one has it.
fn option(setting: &Setting, is_described: bool) -> String {
    let mut text = String::new();
    if !setting.heading.is_empty() {
        let _ = write!(text, "\n{}\n\n", plain(setting.heading.trim_start_matches('-').trim()));
    }
    // A value with a reference is shown as it is written.
    let value = if setting.value.contains("%(") { setting.value.clone() } else { setting.value.replace("%%", "%") };
    let value = if value.is_empty() { "(empty)".to_owned() } else { code(&value) };
    let about = if is_described { indented(&setting.about) } else { String::new() };
    let _ = writeln!(text, "* `{}` = {value}{about}", setting.name);
    text
}

/// The options that nothing is said about, as `[section] option`.
pub(crate) fn silent(test: &Bundled, everywhere: Option<&Section>) -> Vec<String> {
    // A section that overrides an option of another one need not say again what it is.
    let described = |wanted: &Setting| {
        let mut all = test.sections.iter().chain(everywhere).flat_map(|section| &section.options);
        all.any(|setting| setting.name == wanted.name && !setting.about.is_empty())
    };
    let mut found = Vec::new();
    for section in &test.sections {
        let silent = section.options.iter().filter(|setting| !described(setting));
        found.extend(silent.map(|setting| format!("[{}] {}", section.name, setting.name)));
    }
    found
}

fn faults(faults: &[Fault]) -> String {
    let mut text = String::from("\n## Faults\n\nEach breaks one promise; the subtest must end FAIL under it.\n\n");
    for fault in faults {
        let _ = writeln!(text, "* `{}`: {}", fault.name, plain(&fault.promise));
    }
    text
}

fn first_paragraph(text: &str) -> String {
    text.lines().take_while(|line| !line.trim().is_empty()).collect::<Vec<_>>().join(" ")
}

/// The text with its headings a level down: it becomes a part of a page.
fn demoted(text: &str) -> String {
    let mut in_code = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        let is_heading = !in_code && line.starts_with('#');
        lines.push(if is_heading { format!("#{line}") } else { line.to_owned() });
    }
    lines.join("\n")
}

/// A comment as the text of a list's item, below its first line, which ends in a hard line break.
fn indented(text: &str) -> String {
    let text = plain(text);
    if text.is_empty() { text } else { format!("\\\n  {}", text.replace('\n', "\n  ")) }
}

/// A comment of an INI file as Markdown: nothing in it is markup but code in backquotes.
fn plain(text: &str) -> String {
    let mut result = String::new();
    let mut in_code = false;
    for c in text.chars() {
        in_code ^= c == '`';
        if !in_code && matches!(c, '<' | '>' | '*' | '_' | '[' | ']' | '\\') {
            result.push('\\');
        }
        result.push(c);
    }
    result
}

/// Inline code, whatever backquotes are in it.
fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::super::bundled::{Bundled, Fault};
    use super::super::ini;
    use super::{all_faults, differences, page, silent, summary, table};

    fn stop() -> Bundled {
        let text = "# Stops *things*.\n[docker_cli/stop]\n# Which.\nsubsubtests = deep\n# How long <it> may be; see `a_b`.\nlimit = 5\n\n\
                    # Both.\none = 1\ntwo = 100 %%\n\nempty =\n# Far down.\n[docker_cli/stop/deep]\nlimit = 9\n";
        Bundled {
            kind: "subtests",
            name: "docker_cli/stop".into(),
            prose: "`docker stop` stops.\nIn time.\n\n# Needs\n\nNothing.".into(),
            sections: ini::sections(text),
            faults: vec![Fault { name: "nothing".into(), promise: "Does nothing.".into() }],
        }
    }

    #[test]
    fn a_page_has_the_prose_and_the_options_and_the_faults() {
        let expected = "# docker_cli/stop

`docker stop` stops.
In time.

## Needs

Nothing.

## Run it

```sh
dockertest run --args=docker_cli/stop
dockertest faults --args=docker_cli/stop
```

## Sub-subtests

* `deep`\\
  Far down.

## All options

With the shipped values; those that hold for every subtest are in [Configuration](../../configuration.md#options-of-the-framework).

### `[docker_cli/stop]`

Stops \\*things\\*.

* `subsubtests` = `deep`\\
  Which.
* `limit` = `5`\\
  How long \\<it\\> may be; see `a_b`.
* `one` = `1`
* `two` = `100 %`\\
  Both.
* `empty` = (empty)

### `[docker_cli/stop/deep]`

* `limit` = `9`

## Faults

Each breaks one promise; the subtest must end FAIL under it.

* `nothing`: Does nothing.
";
        assert_eq!(page(&stop()), expected);
    }

    #[test]
    fn an_option_without_a_comment_is_found_unless_it_is_described_elsewhere() {
        assert_eq!(silent(&stop(), None), ["[docker_cli/stop] empty"]);
        let everywhere = ini::sections("[DEFAULTS]\n# None.\nempty =\n");
        assert_eq!(silent(&stop(), everywhere.first()), Vec::<String>::new());
    }

    #[test]
    fn what_a_page_says_of_engines_is_found() {
        let prose = |prose: &str| Bundled { prose: prose.into(), ..stop() };
        let said = |text: &str| differences(&[prose(text)]);
        let expected = "### [docker_cli/stop](subtests/docker_cli/stop.md)\n\nPodman ends with 125.\nSo it does.";
        assert_eq!(said("Stops.\n\n# Engines\nPodman ends with 125.\nSo it does.\n\n# Needs\nNothing."), expected);
        let expected = "### [docker_cli/stop](subtests/docker_cli/stop.md)\n\nEngines differ: a lot.";
        assert_eq!(said("Stops.\n\nEngines differ: a lot.\n\nMore."), expected);
        assert_eq!(said("Stops. Engines differ."), "");
    }

    #[test]
    fn all_faults_are_in_one_table() {
        let fault = |name: &str, promise: &str| Fault { name: name.into(), promise: promise.into() };
        let faults = vec![fault("nothing", "Does nothing."), fault("other", "Takes `a | b` for *c*.")];
        let text = all_faults(&[Bundled { faults, ..stop() }]);
        let rows = "| **[docker_cli/stop](subtests/docker_cli/stop.md)** | |\n| `nothing` | Does nothing. |\n\
                    | `other` | Takes `a \\| b` for \\*c\\*. |\n\n</div>";
        assert!(text.ends_with(rows), "{text}");
    }

    #[test]
    fn subtests_come_first_in_the_lists() {
        let pretest = Bundled { kind: "pretests", name: "images".into(), faults: Vec::new(), ..stop() };
        let tests = [pretest, stop()];
        let expected = "  - [docker_cli/stop](subtests/docker_cli/stop.md)\n  - [images](pretests/images.md)";
        assert_eq!(summary(&tests), expected);
        let rows = "| [docker_cli/stop](subtests/docker_cli/stop.md) | `docker stop` stops. In time. | 1 |\n\
                    | [images](pretests/images.md) | `docker stop` stops. In time. |  |";
        assert!(table(&tests).ends_with(rows), "{}", table(&tests));
    }
}
