//! What the program is told: by its target, its command line, and the environment.

use std::borrow::Cow;
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use libtest_mimic::Arguments;

use super::TestTarget;
use crate::config::{BuiltInFile, Layers, Source};
use crate::name::SubtestName;
use crate::run::mask;

/// Options as `--set` takes them, separated by blanks, with the quotes of a shell.
const SET_VARIABLE: &str = "DOCKERTEST_SET";

/// The folder for results, instead of the one that cargo has for what tests write.
pub(super) const RESULTS_VARIABLE: &str = "DOCKERTEST_RESULTS";

/// Is set by nextest.
const NEXTEST_VARIABLE: &str = "NEXTEST";

/// Where results are when neither cargo nor the environment names a folder.
const FALLBACK: &str = ".dockertest/harness";

/// The user's own configuration, in the working folder, which is the package's.
const CUSTOM_FOLDER: &str = "config_custom";

/// What holds for every subtest, as for those that the `dockertest` program runs.
const DEFAULTS: &[BuiltInFile] = &[BuiltInFile {
    path: "defaults.ini",
    text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../config_defaults/defaults.ini")),
}];

/// What controls runs, as for that program but for one option.
const CONTROL: (&str, &str) =
    ("control.ini", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../config_defaults/control.ini")));

/// Where steps run if nobody says it: for that program, and here. Tests of cargo are where they are started, until somebody
/// wants them elsewhere.
const PROVIDERS: [&str; 2] = ["\nprovider = auto\n", "\nprovider = shared\n"];

/// What the program is told.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) target: TestTarget,
    /// The folder below which each test has its results.
    pub(super) root: PathBuf,
    /// Typed options.
    set: Vec<String>,
    /// Whether ignored tests are run, too.
    pub(super) with_ignored: bool,
    /// Whether what happens is shown as it happens.
    pub(super) live: bool,
    /// Whether tests are only listed.
    pub(super) list: bool,
    /// Whether ignored tests are marked, for those who ask which ones are.
    pub(super) marks_ignored: bool,
    is_nextest: bool,
}

impl Settings {
    pub(super) fn read(target: &TestTarget, arguments: &Arguments) -> Result<Settings, String> {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
        let is_nextest = variable(NEXTEST_VARIABLE).is_some();
        let set = variable(SET_VARIABLE).as_deref().map_or(Ok(Vec::new()), words)?;
        let root = variable(RESULTS_VARIABLE).map_or_else(|| scratch(target), PathBuf::from);
        Ok(Settings {
            target: *target,
            root: root.join(format!("{}-{}", target.package, target.name)),
            set,
            with_ignored: arguments.ignored || arguments.include_ignored,
            // nextest gives it always, and shows what is said when the test has ended.
            live: arguments.nocapture && !is_nextest,
            list: arguments.list,
            marks_ignored: arguments.list || arguments.ignored,
            is_nextest,
        })
    }

    /// The configuration: what holds for every subtest, `config_custom` of the package, and what was typed.
    pub(super) fn layers(&self) -> Layers {
        let (control, [of_program, here]) = (CONTROL, PROVIDERS);
        let control = vec![(control.0.to_owned(), control.1.replacen(of_program, here, 1))];
        let mut layers = Layers::new().defaults(Source::BuiltIn(DEFAULTS)).defaults(Source::Memory(control));
        // Whatever bears the name is taken, so that a file or a broken link is refused and not left out in silence.
        if Path::new(CUSTOM_FOLDER).symlink_metadata().is_ok() {
            layers = layers.custom(Source::Folder(CUSTOM_FOLDER.into()));
        }
        self.set.iter().fold(layers, |layers, argument| layers.set(argument))
    }

    /// The command that runs a test alone. Secrets are masked in it.
    pub(super) fn again(&self, name: &SubtestName) -> String {
        let TestTarget { package, name: target, .. } = self.target;
        let set = self.set_again();
        if self.is_nextest {
            let ignored = if self.with_ignored { " --run-ignored all" } else { "" };
            return format!("{set}cargo nextest run -p {package} --test {target} -E 'test(={name})'{ignored}");
        }
        let ignored = if self.with_ignored { " --include-ignored" } else { "" };
        format!("{set}cargo test -p {package} --test {target} -- --exact {name}{ignored}")
    }

    /// The typed options as the variable that is put before a command.
    fn set_again(&self) -> String {
        let words: Vec<String> = mask(&self.set).into_iter().map(word_again).collect();
        if words.is_empty() { String::new() } else { format!("{SET_VARIABLE}={} ", value_again(words.join(" "))) }
    }
}

fn scratch(target: &TestTarget) -> PathBuf {
    target.scratch.map_or_else(|| FALLBACK.into(), |folder| Path::new(folder).join("dockertest"))
}

/// A word of the variable's value: nothing but quotes, backslashes, blanks and `#` means anything there.
fn word_again(word: String) -> String {
    if shlex::split(&word).is_some_and(|words| words == [word.as_str()]) { word } else { quoted(&word) }
}

/// A value as it is typed into a shell.
fn value_again(value: String) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@%+".contains(c);
    if value.chars().all(is_plain) { value } else { quoted(&value) }
}

fn quoted(text: &str) -> String {
    shlex::try_quote(text).map_or_else(|_| text.to_owned(), Cow::into_owned)
}

/// The words of the variable's value.
fn words(value: &OsStr) -> Result<Vec<String>, String> {
    let words = value.to_str().and_then(shlex::split);
    words.ok_or_else(|| {
        format!(
            "`{SET_VARIABLE}` cannot be read: {}; expected options separated by blanks, quoted as for a shell: \
             {SET_VARIABLE}=\"docker_timeout=60 'example.text=two words'\"",
            value.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{EnvironmentSettings, Wanted};

    const TARGET: TestTarget = TestTarget::new("acme", "1.0.0", "subtests");

    fn settings(set: &[&str], is_nextest: bool) -> Settings {
        let set = set.iter().map(|word| (*word).to_owned()).collect();
        Settings { set, is_nextest, ..Settings::read(&TARGET, &Arguments::default()).unwrap() }
    }

    #[test]
    fn words_are_those_of_a_shell() {
        assert_eq!(words("a=1 'b.c=two words'".as_ref()).unwrap(), ["a=1", "b.c=two words"]);
        let problem = words("a='1".as_ref()).unwrap_err();
        assert!(problem.starts_with("`DOCKERTEST_SET` cannot be read: a='1; expected options"), "{problem}");
    }

    #[test]
    fn a_test_is_run_again_by_who_ran_it() {
        let name = "docker_cli/kill".parse().unwrap();
        assert_eq!(settings(&[], false).again(&name), "cargo test -p acme --test subtests -- --exact docker_cli/kill");
        assert_eq!(
            settings(&["password=x"], true).again(&name),
            "DOCKERTEST_SET='password=********' cargo nextest run -p acme --test subtests -E 'test(=docker_cli/kill)'"
        );
    }

    #[test]
    fn what_is_quoted_is_what_the_variable_is_read_as() {
        for words in [&["a=1"][..], &["a=$HOME;x", "b=", "c='"], &["", "two words"]] {
            let set = settings(words, false).set_again();
            let value = shlex::split(set.strip_prefix("DOCKERTEST_SET=").unwrap()).unwrap();
            assert_eq!(super::words(value[0].as_ref()).unwrap(), words);
        }
        assert_eq!(settings(&["a=1", "b=2"], false).set_again(), "DOCKERTEST_SET='a=1 b=2' ");
    }

    #[test]
    fn what_is_typed_counts_more_than_what_is_shipped() {
        let configuration = settings(&["docker_timeout=7"], false).layers().load().unwrap();
        assert_eq!(configuration.section("any").get("docker_timeout"), Some("7"));
        assert_eq!(configuration.section("any").get("docker_repo_name"), Some("test"));
    }

    #[test]
    fn tests_run_where_they_are_started_unless_somebody_says_otherwise() {
        let provider = |set: &[&str]| {
            let configuration = settings(set, false).layers().load().unwrap();
            EnvironmentSettings::read(&configuration, Path::new("/nonexistent")).unwrap().provider
        };
        assert_eq!(provider(&[]), Wanted::Shared);
        assert_eq!(provider(&["environment.provider=auto"]), Wanted::Auto);
    }
}
