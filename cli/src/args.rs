//! The command line: one table from which parsing, help and completions are made.
//!
//! Parsing only validates. What a command does with its arguments is in `commands`.

#![expect(clippy::doc_markdown, reason = "these texts are shown on a terminal, as they are")]

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use dockertest::environment::Wanted;
use dockertest::journal;
use dockertest::load::Form;
use dockertest::report::{Format, UnknownFormat};

pub(crate) mod env;

/// Where results go, and are looked for, when nobody says.
pub(crate) const DEFAULT_RESULTS: &str = "results/default";

const EXAMPLES: &str = "\
Examples:
  dockertest run                                     run all subtests
  dockertest run --args=example,docker_cli/version   run these two
  dockertest run --set docker_path=/usr/bin/podman   test another engine
  dockertest run --env shared                        on the engine that is there, not on new ones of our own
  dockertest resume                                  go on after an interruption, a crash, a reboot
  dockertest list                                    show what can be run
  dockertest config docker_cli/version --origin      show a section's values, and where each was set
  dockertest failing                                 show what fails, by all runs up to now

Exit status:
  0    every step ended GOOD, WARN or TEST_NA
  1    some step ended FAIL, ERROR or ABORT, or results could not be written
  2    usage, configuration or set-up error: no step has run
  5    a step waits for a reboot: `dockertest resume` goes on
  6    no instance could be made, or one is left over: `dockertest resume` goes on, if the run had begun
  130  interrupted by SIGINT (Ctrl-C): `dockertest resume` goes on
  143  interrupted by SIGTERM: `dockertest resume` goes on

`dockertest X` with an X that is not listed here runs the program `dockertest-X`.";

const RUN_EXAMPLES: &str = "\
Examples:
  dockertest run --args=example,docker_cli/version
      Run two subtests, in this order.
  dockertest run --args=i=subexample,example --args=x=subexample/two
      Keep only what `i=` lists (of all subtests), drop what `x=` lists.
  dockertest run --args='docker_cli/version !!!'
      Say what would be run, and run nothing (the same as --dry-run).
  dockertest run --set docker_timeout=20 --set example.iterations=1
      Override an option of all sections, and one of a single section.

Press Ctrl-C once to stop after cleaning up; twice to stop now. Both can be resumed.";

const FAULTS_EXAMPLES: &str = "\
Each subtest is run on the plain engine, where it must end GOOD, and under each of its faults, where it must end FAIL.

Examples:
  dockertest faults
      Try all faults of all subtests.
  dockertest faults --args=docker_cli/kill --fault=sends_nothing
      Try one fault of one subtest.
  dockertest faults --list
      Show all faults and the promises that they break.

Exit status:
  0    every subtest is GOOD, and every fault is caught
  1    some subtest is not GOOD, or some fault is not caught
  2    usage, configuration or set-up error: nothing was tried
  130  interrupted by SIGINT (Ctrl-C): `--resume` takes up what has been tried
  143  interrupted by SIGTERM: the same";

const ENGINES_EXAMPLES: &str = "\
Examples:
  dockertest engines add docker-28.5 --suite sid
      Fetch the engine of another Debian release; nothing is installed.
  dockertest engines add podman-mine --path ~/podman/bin
      Use a build of your own.
  dockertest engines add docker-installed --root /
      Give the installed engine a name.";

const MATRIX_EXAMPLES: &str = "\
Examples:
  dockertest matrix --engines docker-20.10,docker-28.5 --args=docker_cli/kill
      Run one subtest on two engines (`dockertest engines list` shows which there are).
  dockertest matrix --again
      Show the table of the last time once more.

Exit status:
  0    every step of every run ended GOOD, WARN or TEST_NA
  1    some step ended FAIL, ERROR or ABORT
  2    usage, configuration or set-up error: nothing was run
  130  interrupted by SIGINT (Ctrl-C)";

const NEW_EXAMPLES: &str = "\
Examples:
  dockertest new disk_quota
      Write a crate for a plug-in into the folder disk_quota.
  dockertest new --in-tree docker_cli/my_test
      Write a subtest below subtests/subtests, with its options below config_defaults.";

/// Check that a container engine keeps what its command line promises.
#[derive(Debug, Parser)]
#[command(
    name = "dockertest",
    version,
    after_help = EXAMPLES,
    max_term_width = 110,
    arg_required_else_help = true,
    allow_external_subcommands = true,
    // Ours takes options, and knows what a wrong name was meant to be.
    disable_help_subcommand = true,
    subcommand_help_heading = "Commands"
)]
pub(crate) struct Arguments {
    /// When to use colour.
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colour on the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run subtests and keep their results.
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),
    /// Go on with a run that was cut off, interrupted, or waits for a reboot.
    Resume(Resume),
    /// Show what can be run.
    List(List),
    /// Show the effective configuration, secrets masked.
    Config(ShowConfig),
    /// Make a report of a run again from its journal.
    Report(Report),
    /// Show the last run: what did not pass, and what has changed.
    #[command(after_help = REPOSITORY_STATUS)]
    Last(Last),
    /// Show which subtests fail, by the last word about each of them.
    #[command(after_help = REPOSITORY_STATUS)]
    Failing(Failing),
    /// Show which subtests of a run took longest.
    Slowest(Slowest),
    /// Show what became of a subtest in each run.
    History(History),
    /// Show figures about all runs.
    Stats(Stats),
    /// Show all runs that are kept.
    Runs(Runs),
    /// Take in reports of other runs, also of other programs, as a run.
    #[command(after_help = LOAD_EXAMPLES)]
    Load(Load),
    /// Try whether subtests notice promises that are broken on purpose.
    #[command(after_help = FAULTS_EXAMPLES)]
    Faults(Faults),
    /// Try whether a program keeps the rules of the protocol, and so is a host.
    #[command(after_help = HOST_CHECK_EXAMPLES)]
    HostCheck(CheckHost),
    /// Prepare other engines to test, without touching the one that is installed.
    #[command(subcommand, after_help = ENGINES_EXAMPLES)]
    Engines(EnginesCommand),
    /// Make clean engines by hand, look into them, remove them.
    #[command(subcommand, after_help = env::EXAMPLES)]
    Env(env::EnvCommand),
    /// Run the suite on many engines, each in capsules of its own, and compare.
    #[command(after_help = MATRIX_EXAMPLES)]
    Matrix(Matrix),
    /// Write a subtest to begin with: module, options, a fault, a test.
    #[command(after_help = NEW_EXAMPLES)]
    New(New),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  dockertest completions bash > /etc/bash_completion.d/dockertest")]
    Completions(Completions),
    /// Show what a command is for and what it takes.
    Help(Help),
    #[command(external_subcommand)]
    External(Vec<OsString>),
}

const REPOSITORY_STATUS: &str = "\
Exit status:
  0    everything passed
  1    something did not pass, or the run is not complete
  2    there is no repository, or nothing in it";

const LOAD_EXAMPLES: &str = "\
Reports are JUnit XML (of pytest, cargo nextest, Maven, Gradle, GoogleTest, dockertest, …) or streams of subunit version 2
(of stestr, testr, dockertest, …). All files of a command become one run, wholly or not at all; the same files again change
nothing. `last`, `failing`, `slowest`, `history`, `stats` and `runs` tell of it as of any other.

Examples:
  dockertest load report.xml
      Take in what `pytest --junitxml=report.xml` has written.
  dockertest load target/surefire-reports/*.xml
      Take in many reports as one run.
  stestr last --subunit | dockertest load -
      Take in the last run of stestr.

Exit status:
  0    everything in it passed
  1    something did not pass, or the run is not complete
  2    nothing was taken in";

const HOST_CHECK_EXAMPLES: &str = "\
Examples:
  dockertest host-check ./my-host.py
      Try every rule of the protocol with the first subtest of a host.
  dockertest host-check ./my-host.py --subtest my/slow_one
      Use a subtest that takes a while, so that it can be stopped in its midst.

Exit status:
  0    no rule is broken
  1    some rule is broken
  2    usage, configuration or set-up error: nothing was tried";

/// Where configuration comes from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Sources {
    /// Folder of the shipped configuration [default: ./config_defaults if there is one, else the built-in files].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) config_defaults: Option<PathBuf>,
    /// Folder of your own configuration [default: ./config_custom if there is one].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) config_custom: Option<PathBuf>,
    /// Override an option; without a section, in DEFAULTS. May be repeated, the last one wins.
    #[arg(long, value_name = "[SECTION.]OPTION=VALUE")]
    pub(crate) set: Vec<String>,
}

/// Where subtests come from besides the bundled ones.
#[derive(Debug, Args)]
#[command(next_help_heading = "Plug-ins")]
pub(crate) struct Outside {
    /// A plug-in with more subtests (a library or an executable), or a folder of them. May be repeated.
    #[arg(long, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub(crate) plugin: Vec<PathBuf>,
}

/// Where steps are run, and how many at a time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Environment")]
pub(crate) struct Place {
    /// Where subtests run: auto, shared, capsule or callout [default: option provider of [environment]].
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) env: Option<Wanted>,
    #[command(flatten)]
    pub(crate) engine: Engine,
    /// How many subtests run at a time; auto: as many as the environment and the machine bear [default: option jobs of
    /// [environment]].
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<String>,
}

/// Which engine is in capsules.
#[derive(Debug, Args)]
#[command(next_help_heading = "Environment")]
pub(crate) struct Engine {
    /// The engine of capsules: a build of `dockertest engines add` [default: option engine of [environment], else the
    /// engine that is installed].
    #[arg(long, value_name = "NAME")]
    pub(crate) engine: Option<String>,
}

/// A number from 1, or `auto`.
fn jobs(text: &str) -> Result<String, String> {
    let is_number = text.parse::<usize>().is_ok_and(|number| number > 0);
    if is_number || text == "auto" { Ok(text.to_owned()) } else { Err("expected a number from 1, or auto".to_owned()) }
}

/// Which run a command is about.
#[derive(Debug, Args)]
pub(crate) struct Results {
    /// Folder with the results of the run [default: results/default].
    #[arg(value_name = "RESULTS", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,
    /// The same folder, named as for `run`.
    #[arg(long = "results", value_name = "DIR", conflicts_with = "folder", value_hint = ValueHint::DirPath)]
    option: Option<PathBuf>,
}

impl Results {
    /// The folder, however it was named.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_deref().or(self.option.as_deref()).unwrap_or(Path::new(DEFAULT_RESULTS))
    }
}

/// Where runs are recorded.
#[derive(Debug, Args)]
pub(crate) struct Kept {
    /// Folder of the repository of runs [default: $DOCKERTEST_REPOSITORY, the option `repository`, or .dockertest here or
    /// in the nearest folder above].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) repository: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// What to run: names separated by commas; `i=NAMES` keeps only these, `x=NAMES` drops these, `!!!` runs nothing.
    /// May be repeated; blanks separate such lists within one.
    #[arg(long, value_name = "LIST")]
    pub(crate) args: Vec<String>,
    /// Folder for the results. A finished run found there is kept aside.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_RESULTS, value_hint = ValueHint::DirPath)]
    pub(crate) results: PathBuf,
    /// Write a report into a file while the run goes on: console, status, json, junit, tap, subunit, jsonl or html. May be
    /// repeated; the file - is standard output, in place of the tree.
    #[arg(long, value_name = "FORMAT=FILE")]
    pub(crate) report: Vec<LiveReport>,
    /// Write a stream of subunit, and nothing else, to standard output: the same as --report subunit=-.
    #[arg(long)]
    pub(crate) subunit: bool,
    /// Say what would be run, and run nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Run only what fails, by all runs up to now.
    #[arg(long)]
    pub(crate) failing: bool,
    /// Run only what this file names, one a line, in its order; - is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) load_list: Option<PathBuf>,
    /// Run the subtests in another order: the same number gives the same order.
    #[arg(long, value_name = "SEED")]
    pub(crate) shuffle: Option<u64>,
    /// Run a subtest that does not pass again, so many times at most. If it passes then, it is flaky, and says so.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retries: u32,
    /// Run everything again and again until something fails, or so many times.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) until_failure: Option<Option<u32>>,
    /// Run every subtest in an instance of its own, also where the environment uses instances again.
    #[arg(long)]
    pub(crate) isolated: bool,
    /// Run nothing but probes: find out which other subtests make those fail that fail. What is a matter of luck is tried
    /// more than once with a number.
    #[arg(long, value_name = "ROUNDS", num_args = 0..=1, require_equals = true)]
    #[arg(conflicts_with_all = ["failing", "until_failure", "retries", "isolated", "shuffle", "subunit", "report", "dry_run"])]
    pub(crate) analyze_isolation: Option<Option<NonZeroU32>>,
    #[command(flatten)]
    pub(crate) kept: Kept,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) sources: Sources,
    #[command(flatten)]
    pub(crate) outside: Outside,
    /// Names without `--args`, a common slip: taken only to say what to type.
    #[arg(hide = true)]
    pub(crate) names: Vec<String>,
}

/// A report that is written while a run goes on.
#[derive(Debug, Clone)]
pub(crate) struct LiveReport {
    pub(crate) format: Format,
    pub(crate) file: PathBuf,
}

impl FromStr for LiveReport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((format, file)) = text.split_once('=').filter(|(_, file)| !file.is_empty()) else {
            return Err("expected FORMAT=FILE, for example junit=report.xml".to_owned());
        };
        let format = format.parse().map_err(|unknown: UnknownFormat| unknown.to_string())?;
        if Path::new(file).file_name().is_some_and(|name| name == journal::FILE_NAME) {
            return Err(format!("`{file}` is the name of a run's journal, which no report may take"));
        }
        Ok(LiveReport { format, file: file.into() })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) results: Results,
    /// Write a report into a file, of the whole run: console, status, json, junit, tap, subunit, jsonl or html. May be repeated;
    /// the file - is standard output, in place of the tree.
    #[arg(long, value_name = "FORMAT=FILE")]
    pub(crate) report: Vec<LiveReport>,
    /// Run a step that was cut off again, instead of leaving it at ABORT.
    #[arg(long)]
    pub(crate) retry_interrupted: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Last {
    /// Another run than the last one, by the beginning of its name.
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<String>,
    /// Print JSON: the run's results.json.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Failing {
    /// Also what fails on other engines than the one that was tested last.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print only names, one a line.
    #[arg(long, conflicts_with = "json")]
    pub(crate) list: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Slowest {
    /// All subtests of the run, not only the ten that took longest.
    #[arg(long)]
    pub(crate) all: bool,
    /// Another run than the last one, by the beginning of its name.
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    /// The subtest, sub-subtest, or test of another program.
    pub(crate) name: String,
    /// All runs, not only the last twenty.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// All runs, not only the last twenty.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Load {
    /// The reports; - is standard input.
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The form of the reports: junit or subunit [default: each is recognized].
    #[arg(long, value_name = "FORM")]
    pub(crate) form: Option<Form>,
    /// Take in a stream of subunit that is damaged or was cut off, as far as it can be read.
    #[arg(long)]
    pub(crate) partial: bool,
    /// Print JSON: the run as `runs --json` has it.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print a stream of subunit: what can be run by itself, for programs such as stestr.
    #[arg(long, conflicts_with = "json")]
    pub(crate) subunit: bool,
    /// Where subtests run: auto, shared, capsule or callout [default: option provider of [environment]]. With callout, they
    /// are listed in an instance.
    #[arg(long, value_name = "ENVIRONMENT", help_heading = "Environment")]
    pub(crate) env: Option<Wanted>,
    #[command(flatten)]
    pub(crate) sources: Sources,
    #[command(flatten)]
    pub(crate) outside: Outside,
}

#[derive(Debug, Args)]
pub(crate) struct ShowConfig {
    /// The section to show [default: all].
    #[arg(value_name = "SECTION")]
    pub(crate) section: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Say for each value where it was set.
    #[arg(long)]
    pub(crate) origin: bool,
    #[command(flatten)]
    pub(crate) sources: Sources,
    #[command(flatten)]
    pub(crate) outside: Outside,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) results: Results,
    /// A run of the repository of runs in place of a folder, by the beginning of its name.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["folder", "option"])]
    pub(crate) run: Option<String>,
    /// Which report.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// The tree that the run showed.
    #[default]
    Console,
    /// Autotest's status log.
    Status,
    /// results.json.
    Json,
    /// JUnit XML.
    Junit,
    /// TAP, version 14.
    Tap,
    /// A stream of subunit, version 2.
    Subunit,
    /// A line of JSON for each step.
    Jsonl,
    /// A page for the browser, in one file.
    Html,
}

#[derive(Debug, Args)]
pub(crate) struct Faults {
    /// The subtests or sub-subtests to try, separated by commas [default: all that have faults].
    #[arg(long, value_name = "NAMES")]
    pub(crate) args: Vec<String>,
    /// The faults to try, separated by commas [default: all].
    #[arg(long, value_name = "NAMES")]
    pub(crate) fault: Vec<String>,
    /// Folder for the results, with a folder for each subtest and fault.
    #[arg(long, value_name = "DIR", default_value = "results/faults", value_hint = ValueHint::DirPath)]
    pub(crate) results: PathBuf,
    /// Take over what has been tried already.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Show what there is to try, and try nothing.
    #[arg(long)]
    pub(crate) list: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) sources: Sources,
    #[command(flatten)]
    pub(crate) outside: Outside,
}

#[derive(Debug, Args)]
pub(crate) struct CheckHost {
    /// The host: an executable, or a plug-in library.
    #[arg(value_name = "PROGRAM", value_hint = ValueHint::FilePath)]
    pub(crate) program: PathBuf,
    /// The subtest to run [default: its first one].
    #[arg(long, value_name = "NAME")]
    pub(crate) subtest: Option<String>,
    /// How long the list, and the subtest, may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EnginesCommand {
    /// Add an engine: of another release, of a root file system, or of a folder with programs.
    Add(AddEngine),
    /// Show the engines that were added.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove an engine that was added. Folders that you gave stay as they are.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("from").required(true)))]
pub(crate) struct AddEngine {
    /// A name for it: a-z, 0-9, `.`, `-` and `_`.
    pub(crate) name: String,
    /// Take the packages of this release of the distribution.
    #[arg(long, value_name = "RELEASE", group = "from")]
    pub(crate) suite: Option<String>,
    /// Take a root file system; `/` is the engine that is installed.
    #[arg(long, value_name = "DIR", group = "from", value_hint = ValueHint::DirPath)]
    pub(crate) root: Option<PathBuf>,
    /// Take the programs in this folder, as a build of your own has them.
    #[arg(long, value_name = "DIR", group = "from", value_hint = ValueHint::DirPath)]
    pub(crate) path: Option<PathBuf>,
    /// docker or podman [default: what the name begins with].
    #[arg(long, value_name = "FLAVOR")]
    pub(crate) flavor: Option<String>,
    /// The archive with the packages [default: the one that this machine uses].
    #[arg(long, value_name = "URI", requires = "suite")]
    pub(crate) mirror: Option<String>,
    /// A package besides the engine's own. May be repeated.
    #[arg(long, value_name = "NAME", requires = "suite")]
    pub(crate) package: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Matrix {
    /// The engines to compare, separated by commas, as they were added [default: all].
    #[arg(long, value_name = "NAMES")]
    pub(crate) engines: Vec<String>,
    /// What to run on each, as for `run`.
    #[arg(long, value_name = "LIST")]
    pub(crate) args: Vec<String>,
    /// Folder for the results, with a folder for each engine.
    #[arg(long, value_name = "DIR", default_value = "results/matrix", value_hint = ValueHint::DirPath)]
    pub(crate) results: PathBuf,
    /// How many subtests run at a time; auto: as many as the machine bears [default: option jobs of [environment]].
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<String>,
    /// Run nothing: compare again what has been run.
    #[arg(long)]
    pub(crate) again: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) sources: Sources,
    #[command(flatten)]
    pub(crate) outside: Outside,
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The subtest's name, which is also its place and its section: components of a-z, 0-9 and _, joined by `/`.
    pub(crate) name: String,
    /// Make a crate for a plug-in library, in a folder that is named after the subtest [default outside a checkout].
    #[arg(long, conflicts_with = "in_tree")]
    pub(crate) plugin: bool,
    /// Put it among the bundled subtests of the checkout that the working folder is in [default there].
    #[arg(long)]
    pub(crate) in_tree: bool,
    /// Where a plug-in's crate gets the library: a folder with its source, or a version [default: the source that this
    /// program was built from, else its version].
    #[arg(long, value_name = "FOLDER|VERSION", conflicts_with = "in_tree")]
    pub(crate) dockertest: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Help {
    /// The command [default: an overview of all].
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell to print the script for.
    pub(crate) shell: Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_table_is_consistent() {
        Arguments::command().debug_assert();
    }
}
