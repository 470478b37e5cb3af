//! Whole providers, with callouts that write down how they were called.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rstest::rstest;

use super::*;
use crate::environment::CalloutLimits;
use crate::host::protocol::{Folders, History, HostMessage, Mode, PROTOCOL, RunRequest};
use crate::host::{HostProgram, Step, StepEnd, StepProcess};
use crate::verdict::Verdict;

/// A project with a provider.
struct Project {
    folder: tempfile::TempDir,
    told: Arc<Mutex<Vec<String>>>,
}

const EXECUTE: &str = "echo execute $INSTANCE_ID >>calls; $COMMAND";
const DISPOSE: &str = "echo dispose $INSTANCE_IDS >>calls";

impl Project {
    fn new() -> Project {
        Project { folder: tempfile::tempdir().unwrap(), told: Arc::default() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn callouts(provision: &str) -> Callouts {
        let provision = format!("echo provision $INSTANCE_COUNT >>calls\n{provision}");
        Callouts {
            provision: Some(provision),
            execute: EXECUTE.to_owned(),
            dispose: Some(DISPOSE.to_owned()),
            ids: Vec::new(),
            limits: CalloutLimits::default(),
        }
    }

    fn provider(&self, callouts: Callouts) -> Callout {
        let told = Arc::clone(&self.told);
        Callout::telling(callouts, self.path(), move |line| told.lock().unwrap().push(line.to_owned()))
    }

    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path().join("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn told(&self) -> String {
        self.told.lock().unwrap().join("\n")
    }

    /// Whether there is no record of any instance.
    fn is_clean(&self) -> bool {
        fs::read_dir(records(self.path())).map_or(true, |mut entries| entries.next().is_none())
    }

    /// A host in a file: it lists one subtest, and what running it does is given.
    fn host(&self, run: &str) -> HostProgram {
        let script = format!(
            r#"#!/bin/sh
hello() {{ echo '{{"hello":{{"protocol":1,"api-version":"0.9.0","program":"p 1"}}}}'; }}
case $1 in
    list) hello; echo '{{"subtest":{{"name":"example"}}}}'; echo '{{"listed":{{"subtests":1}}}}';;
    run) read request; hello; {run};;
esac
"#
        );
        let path = self.path().join("it's a host.sh");
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        HostProgram::new(path)
    }

    /// Runs a step in an instance, as a runner does.
    fn step(&self, instance: &dyn Instance, host: &HostProgram) -> (StepEnd, Vec<HostMessage>) {
        let place = |name: &str| {
            let path = self.path().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        let folders = Folders { output: place("results/step"), tmp: place("results/tmp"), state: place("state") };
        let request = RunRequest {
            protocol: PROTOCOL,
            run: format!("callout-{}", self.path().display()),
            step: "step".to_owned(),
            mode: Mode::Full,
            section: Default::default(),
            subsections: BTreeMap::new(),
            subsubtests: None,
            folders,
            engine: None,
            known_failures: BTreeMap::new(),
            history: History::default(),
        };
        let program = instance.host(host, &self.path().join("results"));
        let (limit, cleanup_limit) = (Duration::from_secs(60), Duration::from_secs(60));
        let name = "example".parse().unwrap();
        let step = Step { program: &program, name: &name, request: &request, limit, cleanup_limit };
        let mut messages = Vec::new();
        let process = StepProcess::spawn(&step).unwrap();
        let end = process.run(&request, &CancelToken::new().unwrap(), &mut |message| messages.push(message));
        (end, messages)
    }
}

fn provision(provider: &Callout, count: usize) -> Result<Vec<Box<dyn Instance>>, ProvisionFailure> {
    provider.provision(NonZeroUsize::new(count).unwrap(), &CancelToken::new().unwrap())
}

fn ids(instances: &[Box<dyn Instance>]) -> Vec<&str> {
    instances.iter().map(|instance| instance.id()).collect()
}

const GOOD: &str = r#"echo '{"ended":{"verdict":"GOOD","reason":"","seconds":0.1}}'"#;
const MAKE: &str = "for i in $(seq $INSTANCE_COUNT); do echo i$i; done";

/// HOLE-E1, HOLE-E5, HOLE-E14: one instance runs one command after the other, and is disposed of once.
#[test]
fn an_instance_serves_for_many_commands() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let instances = provision(&provider, 1).unwrap();
    let host = project.host(GOOD);
    for _ in 0..3 {
        let (end, _) = project.step(&*instances[0], &host);
        assert!(matches!(&end, StepEnd::Ended(ending) if ending.verdict == Verdict::Good), "{end:?}");
        assert_eq!(instances[0].problem(), None);
    }
    assert_eq!(provider.dispose(instances), []);
    assert_eq!(provider.dispose(Vec::new()), []);
    drop(provider);
    let executes = ["execute i1"; 3];
    assert_eq!(project.calls(), [&["provision 1"][..], &executes, &["dispose i1"]].concat());
    assert!(project.is_clean());
}

/// HOLE-E2: all that are wanted come with one call, and go with one.
#[test]
fn several_instances_come_and_go_together() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let instances = provision(&provider, 3).unwrap();
    assert_eq!(ids(&instances), ["i1", "i2", "i3"]);
    assert_eq!(provider.dispose(instances), []);
    assert_eq!(project.calls(), ["provision 3", "dispose i1 i2 i3"]);
}

#[test]
fn what_is_dropped_is_disposed_of() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let mut instances = provision(&provider, 2).unwrap();
    instances.pop().unwrap().dispose().unwrap();
    drop((instances, provider));
    assert_eq!(project.calls(), ["provision 2", "dispose i2", "dispose i1"]);
    assert!(project.is_clean());
}

#[test]
fn an_instance_may_come_back_under_its_name() {
    let project = Project::new();
    let provider = project.provider(Project::callouts("echo cached"));
    for _ in 0..2 {
        let instances = provision(&provider, 1).unwrap();
        assert_eq!(provider.dispose(instances), []);
    }
    let left = provision(&provider, 1).unwrap();
    assert_eq!(ids(&left), ["cached"]);
    let record = provider.shared.state().record.as_ref().unwrap().ids().unwrap();
    assert_eq!(record, ["cached"]);
}

/// HOLE-E3: what a failing call printed is disposed of.
#[rstest]
#[case::blanks(
    "echo a b; echo no disk >&2; exit 1",
    "dispose a b",
    "ended with status 1; it had printed a, b\n    no disk"
)]
#[case::killed("echo a; kill -9 $$", "dispose a", "ended with status 137; it had printed a")]
#[case::garbage(
    "echo a; printf 'x\\033[0m\\n'",
    "dispose a",
    "line 3 of its standard output: `x\\u{1b}[0m` has control"
)]
#[case::twice("echo a; echo a", "dispose a", "`a` is there twice")]
fn what_a_failing_call_printed_is_disposed_of(#[case] callout: &str, #[case] dispose: &str, #[case] text: &str) {
    let project = Project::new();
    let provider = project.provider(Project::callouts(callout));
    let failure = provision(&provider, 2).unwrap_err();
    assert!(failure.to_string().contains(text.trim_start_matches("line 3 of its ")), "{failure}");
    assert_eq!(failure.left(), [] as [String; 0]);
    drop(provider);
    assert_eq!(project.calls(), ["provision 2", dispose]);
    assert!(project.is_clean());
}

/// HOLE-E4, HOLE-E5: no progress is an error at once, and nothing is disposed of.
#[test]
fn a_call_that_prints_nothing_is_the_last_one() {
    let project = Project::new();
    let failure = provision(&project.provider(Project::callouts("true")), 2).unwrap_err();
    assert_eq!(failure.to_string(), "`instance_provision` was asked for 2 and printed no id");
    assert_eq!(project.calls(), ["provision 2"]);
    assert!(project.is_clean());
}

#[test]
fn it_is_called_again_for_those_that_are_missing() {
    let project = Project::new();
    let provider = project.provider(Project::callouts("echo i$(wc -l <calls)"));
    let instances = provision(&provider, 3).unwrap();
    assert_eq!(ids(&instances), ["i1", "i2", "i3"]);
    assert_eq!(project.calls(), ["provision 3", "provision 2", "provision 1"]);
}

#[test]
fn some_are_better_than_none() {
    let project = Project::new();
    let provider = project.provider(Project::callouts("[ $INSTANCE_COUNT = 1 ] && { echo half; exit 3; }; echo i1"));
    let instances = provision(&provider, 2).unwrap();
    assert_eq!(ids(&instances), ["i1"]);
    assert_eq!(project.calls(), ["provision 2", "provision 1", "dispose half"]);
    let told = project.told();
    assert!(told.contains("ended with status 3; it had printed half\ngoing on with i1"), "{told}");
}

#[test]
fn more_than_were_wanted_are_disposed_of_with_the_others() {
    let project = Project::new();
    let provider = project.provider(Project::callouts("echo a b c"));
    let instances = provision(&provider, 2).unwrap();
    assert_eq!(ids(&instances), ["a", "b", "c"]);
    assert!(project.told().contains("was asked for 2 and made 3"));
    assert_eq!(provider.dispose(instances), []);
    assert_eq!(project.calls(), ["provision 2", "dispose a b c"]);
}

/// HOLE-E7, HOLE-E16: interrupted, or too slow: what is there is disposed of.
#[rstest]
#[case::limit(false, "did not end within 1 s (`instance_provision_timeout`)")]
#[case::signal(true, "was interrupted (SIGTERM)")]
fn what_a_stopped_call_printed_is_disposed_of(#[case] is_cancelled: bool, #[case] text: &str) {
    let project = Project::new();
    let mut callouts = Project::callouts("trap 'echo last; exit' TERM; echo first; touch there; sleep 600 & wait");
    callouts.limits.provision = if is_cancelled { Duration::ZERO } else { Duration::from_secs(1) };
    let provider = project.provider(callouts);
    let cancel = CancelToken::new().unwrap();
    let failure = std::thread::scope(|scope| {
        let provisioning = scope.spawn(|| provider.provision(NonZeroUsize::MIN, &cancel));
        while is_cancelled && !project.path().join("there").exists() {
            std::thread::yield_now();
        }
        if is_cancelled {
            // Twice: the second one does not keep anything from being disposed of.
            cancel.signalled(15);
            cancel.signalled(15);
        }
        provisioning.join().unwrap().unwrap_err()
    });
    assert!(failure.to_string().contains(text), "{failure}");
    assert_eq!(project.calls(), ["provision 1", "dispose first last"]);
    drop(provider);
    assert!(project.is_clean());
}

#[test]
fn after_a_wish_to_stop_nothing_is_made() {
    let project = Project::new();
    let cancel = CancelToken::new().unwrap();
    cancel.cancel("SIGINT");
    let provider = project.provider(Project::callouts(MAKE));
    assert!(provider.provision(NonZeroUsize::MIN, &cancel).unwrap_err().to_string().contains("interrupted (SIGINT)"));
    assert_eq!(project.calls(), [] as [String; 0]);
}

/// HOLE-E6: what cannot be disposed of is named, with the reason, and stays on record.
#[test]
fn disposing_is_tried_again_one_by_one_and_what_is_left_is_told() {
    let project = Project::new();
    let mut callouts = Project::callouts(MAKE);
    callouts.dispose =
        Some(format!("{DISPOSE}; [ -e mended ] || case '$INSTANCE_IDS' in *i2*) echo busy >&2; exit 9;; esac"));
    let provider = project.provider(callouts);
    let failures = provider.dispose(provision(&provider, 3).unwrap());
    let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["the instance `i2` is left: `instance_dispose` ended with status 9\n    busy"]);
    let expected = ["provision 3", "dispose i1 i2 i3", "dispose i1", "dispose i2", "dispose i2", "dispose i3"];
    assert_eq!(project.calls(), expected);
    // As long as its owner lives, nobody else touches it.
    assert_eq!(prune(project.path(), &|_| {}).unwrap(), []);
    drop(provider);
    let still = prune(project.path(), &|_| {}).unwrap();
    assert!(still[0].to_string().contains("`i2`, which an earlier run left, is still there: `instance_dispose` ended"));
    fs::write(project.path().join("mended"), "").unwrap();
    let gone = prune(project.path(), &|_| {}).unwrap();
    assert_eq!(gone, [Pruned { instance: "i2".to_owned(), problem: None }]);
    assert!(project.is_clean());
}

/// HOLE-E16 of disposing.
#[test]
fn a_callout_that_does_not_end_is_left_behind() {
    let project = Project::new();
    let mut callouts = Project::callouts("echo a");
    callouts.dispose = Some(format!("{DISPOSE}; sleep 600"));
    callouts.limits.dispose = Duration::from_millis(300);
    let provider = project.provider(callouts);
    let failures = provider.dispose(provision(&provider, 1).unwrap());
    assert!(
        failures[0].to_string().contains("`instance_dispose` did not end within 0.3 s (`instance_dispose_timeout`)")
    );
}

/// HOLE-E7: a process that was killed with SIGKILL leaves its lock, its record, and perhaps a callout that still runs.
#[test]
fn what_a_killed_process_left_is_disposed_of_by_the_next() {
    let project = Project::new();
    let provider =
        project.provider(Project::callouts("echo a; touch there; until [ -e go ]; do sleep 0.02; done; echo b"));
    let shared = Arc::clone(&provider.shared);
    let (file, _, mark) = shared.state().output(&shared).unwrap();
    let call = Call {
        name: "instance_provision",
        text: template::expand(shared.callouts.provision.as_ref().unwrap(), &[]),
        folder: project.path(),
        variables: vec![(PROVISION_VARIABLE, mark)],
        limit: Duration::ZERO,
        cancel: None,
        tell: &|_| {},
    };
    std::thread::scope(|scope| {
        let running = scope.spawn(|| call.printing_to(file));
        while !project.path().join("there").exists() {
            std::thread::yield_now();
        }
        // What the system does for a process that dies.
        drop(shared.state().record.take());
        let pruning = scope.spawn(|| prune(project.path(), &|_| {}));
        fs::write(project.path().join("go"), "").unwrap();
        running.join().unwrap().unwrap();
        let gone: Vec<String> = pruning.join().unwrap().unwrap().into_iter().map(|pruned| pruned.instance).collect();
        assert_eq!(gone, ["a", "b"]);
    });
    assert_eq!(project.calls().last().unwrap(), "dispose a b");
    assert!(project.is_clean());
    assert_eq!(prune(project.path(), &|_| {}).unwrap(), [], "once is enough");
}

#[test]
fn a_torn_record_is_passed_over() {
    let project = Project::new();
    let base = records(project.path());
    // No process has the first number; the second one is making it just now.
    let (gone, making) = (".new-4194999-1", format!(".new-{}-2", std::process::id()));
    for name in [gone, &making, "empty", "broken"] {
        fs::create_dir_all(base.join(name)).unwrap();
    }
    fs::write(base.join("broken/lock"), "").unwrap();
    fs::write(base.join("broken/callout.json"), "{").unwrap();
    assert_eq!(prune(project.path(), &|_| {}).unwrap(), []);
    assert!(!base.join(gone).exists() && base.join(making).exists());
}

#[test]
fn what_is_kept_outlives_its_process() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    provider.keep(provision(&provider, 2).unwrap()).unwrap();
    drop(provider);
    assert_eq!(prune(project.path(), &|_| {}).unwrap(), []);
    assert_eq!(kept(project.path()).unwrap(), ["i1", "i2"]);
    assert_eq!(project.calls(), ["provision 2"]);
    let ids = ["i2", "i1", "i3"].map(str::to_owned);
    let gone = dispose_of_kept(project.path(), &ids[..1], &|_| {}).unwrap();
    assert_eq!(gone, [Pruned { instance: "i2".to_owned(), problem: None }]);
    assert_eq!(dispose_of_kept(project.path(), &ids, &|_| {}).unwrap().len(), 1);
    assert_eq!(project.calls()[1..], ["dispose i2", "dispose i1"]);
    assert!(project.is_clean());
}

/// A command that is still there is ended before its instance goes.
#[test]
fn nothing_runs_in_an_instance_that_is_disposed_of() {
    let project = Project::new();
    let mut callouts = Project::callouts(MAKE);
    callouts.execute = "setsid sleep 600 >/dev/null 2>&1 & echo $! >pid; $COMMAND".to_owned();
    callouts.dispose = Some("grep -qs ' (sleep) S ' /proc/$(cat pid)/stat || echo $INSTANCE_IDS >>calls".to_owned());
    let provider = project.provider(callouts);
    let instances = provision(&provider, 1).unwrap();
    project.host("true").list(Duration::from_secs(60)).unwrap();
    let mut command = std::process::Command::new("/bin/sh");
    let program = instances[0].host(&HostProgram::new("/bin/true"), project.path());
    command.args(&program.arguments).status().unwrap();
    assert_eq!(provider.dispose(instances), []);
    assert_eq!(project.calls(), ["provision 1", "i1"]);
    assert!(project.told().contains("killed before its instance `i1` is disposed of"), "{}", project.told());
}

/// Listing goes through the callout, too.
#[test]
fn subtests_are_listed_in_an_instance() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let instances = provision(&provider, 1).unwrap();
    let host = instances[0].host(&project.host(GOOD), project.path());
    let listing = host.list(Duration::from_secs(60)).unwrap();
    assert_eq!(listing.subtests[0].name.as_str(), "example");
    assert!(host.shown().ends_with("it's a host.sh"), "people see the host: {}", host.shown().display());
    assert_eq!(project.calls()[1..], ["execute i1"]);
}

/// The instance in which hosts are asked is the first one of the run: HOLE-E15.
#[test]
fn one_instance_is_enough_to_list_and_to_run() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let host = project.host(GOOD);
    let mut names = Vec::new();
    let cancel = CancelToken::new().unwrap();
    let ask = &mut |instance: &dyn Instance, limit| {
        let listing = instance.host(&host, project.path()).list(limit).unwrap();
        names.extend(listing.subtests.into_iter().map(|subtest| subtest.name.to_string()));
    };
    provider.list(NonZeroUsize::MIN, &cancel, ask).unwrap();
    assert_eq!(names, ["example"]);
    let instances = provision(&provider, 1).unwrap();
    assert_eq!(ids(&instances), ["i1"]);
    assert_eq!(provider.dispose(instances), []);
    assert_eq!(project.calls(), ["provision 1", "execute i1", "dispose i1"]);
}

/// An instance that is only listed in is disposed of, too, and one that failed is not used.
#[test]
fn who_only_lists_leaves_nothing() {
    let project = Project::new();
    let mut callouts = Project::callouts("echo i$(wc -l <calls)");
    callouts.execute = "false".to_owned();
    let provider = project.provider(callouts);
    let (host, cancel) = (project.host(GOOD), CancelToken::new().unwrap());
    let ask = &mut |instance: &dyn Instance, limit| {
        instance.host(&host, project.path()).list(limit).unwrap_err();
    };
    provider.list(NonZeroUsize::MIN, &cancel, ask).unwrap();
    assert_eq!(project.calls(), ["provision 1", "dispose i1"]);
    provider.list(NonZeroUsize::MIN, &cancel, &mut |_, _| {}).unwrap();
    drop(provider);
    assert_eq!(project.calls()[2..], ["provision 1", "dispose i3"]);
    assert!(project.is_clean());
}

/// HOLE-E10, HOLE-E12: what each callout sees.
#[test]
fn a_callout_has_its_values_in_its_text_and_in_its_environment() {
    let project = Project::new();
    let mut callouts = Project::callouts("echo 'it;s`id`&|>X'");
    callouts.execute = "printf '%s\\n' $INSTANCE_ID $FILES -- $COMMAND - $QUOTED_COMMAND >seen; pwd >>seen
        printenv INSTANCE_ID FILES COMMAND DOCKERTEST_RESULTS >>seen"
        .to_owned();
    let provider = project.provider(callouts);
    let instances = provision(&provider, 1).unwrap();
    let (host, plugin) = (project.host(GOOD), project.path().join("a b.so"));
    fs::write(&plugin, "").unwrap();
    let program = HostProgram::plugin(&host, &plugin);
    let started = instances[0].host(&program, Path::new("/res ults"));
    assert!(started.shown().ends_with("a b.so"));
    let status = std::process::Command::new(&started.path).args(&started.arguments).arg("run").arg("a/b").status();
    assert!(status.unwrap().success());
    let seen = fs::read_to_string(project.path().join("seen")).unwrap();
    let (host, plugin) = (host.path.display().to_string(), plugin.display().to_string());
    let (host_word, plugin_word) = (quote::word(&host), quote::word(&plugin));
    let command = format!("{host_word} plugin {plugin_word} run a/b");
    let id = "it;s`id`&|>X";
    let project_folder = fs::canonicalize(project.path()).unwrap().display().to_string();
    let files = format!("{host_word} {plugin_word}");
    let expected = [
        id,
        &host,
        &plugin,
        "--",
        &host,
        "plugin",
        &plugin,
        "run",
        "a/b",
        "-",
        &command,
        &project_folder,
        id,
        &files,
        &command,
        "/res ults",
    ];
    assert_eq!(seen.lines().collect::<Vec<_>>(), expected);
    assert!(!project.path().join("X").exists());
}

/// Whatever stands behind a program's own arguments.
#[test]
fn a_command_is_re_created_word_by_word() {
    let project = Project::new();
    let mut callouts = Project::callouts(MAKE);
    callouts.execute = "$COMMAND; sh -c $QUOTED_COMMAND".to_owned();
    let provider = project.provider(callouts);
    let instances = provision(&provider, 1).unwrap();
    let program = HostProgram { path: "/usr/bin/printf".into(), arguments: vec!["[%s]".into(), "it's".into()] };
    let started = instances[0].host(&program, project.path());
    let further = ["", "a b", "it's; $(exit 3) \\ `x`", "*", "run", "-H x --debug", "\u{e4}\ttab"];
    let output = std::process::Command::new(&started.path).args(&started.arguments).args(further).output().unwrap();
    let one: String = std::iter::once("it's").chain(further).map(|word| format!("[{word}]")).collect();
    let seen = String::from_utf8(output.stdout).unwrap();
    assert_eq!(seen, one.repeat(2));
}

/// What runs in an instance: its standard streams, its status and its end are those of the callout; HOLE-E11.
#[test]
fn the_end_of_a_step_is_passed_through() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let instances = provision(&provider, 1).unwrap();
    let host = project.host("echo oops >&2; exit 7");
    let (end, _) = project.step(&*instances[0], &host);
    let StepEnd::Ended(ending) = end else { panic!("{end:?}") };
    assert_eq!(ending.verdict, Verdict::Abort);
    assert!(ending.reason.starts_with("the host ended with status 7 without a verdict"), "{}", ending.reason);
    assert!(ending.reason.contains("oops"), "{}", ending.reason);
    let problem = instances[0].problem().unwrap();
    assert_eq!(problem, "`instance_execute` ended with status 7 in the instance `i1`, which is not used any more");
}

/// HOLE-E13: an instance in which a command was killed is known to be broken.
#[test]
fn an_instance_whose_command_was_killed_has_a_problem() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let instances = provision(&provider, 1).unwrap();
    assert_eq!(instances[0].problem(), None);
    let host = project.host("kill -9 0");
    let (end, _) = project.step(&*instances[0], &host);
    assert!(matches!(&end, StepEnd::Ended(ending) if ending.verdict == Verdict::Abort), "{end:?}");
    assert!(instances[0].problem().unwrap().starts_with("the last command in the instance `i1` was killed"));
}

/// HOLE-E8: what a command leaves behind with our pipes in its hands.
#[test]
fn a_step_ends_though_something_holds_its_output() {
    let project = Project::new();
    let mut callouts = Project::callouts(MAKE);
    callouts.execute = "sleep 600 & $COMMAND".to_owned();
    let provider = project.provider(callouts);
    let instances = provision(&provider, 1).unwrap();
    let began = Instant::now();
    let (end, messages) = project.step(&*instances[0], &project.host(GOOD));
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
    let StepEnd::Ended(ending) = end else { panic!("{end:?}") };
    assert_eq!(ending.verdict, Verdict::Warn, "{ending:?}");
    assert!(ending.reason.contains("sleep 600"), "{}", ending.reason);
    assert!(!messages.is_empty());
}

/// A callout that writes to standard output spoils the protocol, and that is told with the line.
#[test]
fn other_words_on_standard_output_are_an_error() {
    let project = Project::new();
    let mut callouts = Project::callouts(MAKE);
    callouts.execute = "echo copying files; $COMMAND".to_owned();
    let provider = project.provider(callouts);
    let instances = provision(&provider, 1).unwrap();
    let (end, _) = project.step(&*instances[0], &project.host(GOOD));
    let StepEnd::Ended(ending) = end else { panic!("{end:?}") };
    assert_eq!(ending.verdict, Verdict::Error);
    assert!(ending.reason.contains("is not a message of the protocol: `copying files`"), "{}", ending.reason);
}

#[test]
fn a_fixed_set_is_shared_out_and_never_disposed_of() {
    let project = Project::new();
    let callouts = Callouts {
        provision: None,
        dispose: None,
        ids: vec!["vm-1".to_owned(), "vm-2".to_owned()],
        ..Project::callouts("")
    };
    let provider = project.provider(callouts);
    assert_eq!(provider.at_most().map(usize::from), Some(2));
    let mut instances = provision(&provider, 3).unwrap();
    assert_eq!(ids(&instances), ["vm-1", "vm-2"]);
    assert!(provision(&provider, 1).unwrap_err().to_string().contains("are in use"));
    let (end, _) = project.step(&*instances[0], &project.host(GOOD));
    assert!(matches!(&end, StepEnd::Ended(ending) if ending.verdict == Verdict::Good), "{end:?}");
    instances.remove(0).dispose().unwrap();
    assert_eq!(ids(&provision(&provider, 1).unwrap()), ["vm-1"]);
    drop((instances, provider));
    assert_eq!(project.calls(), ["execute vm-1"]);
    assert!(project.is_clean());
}

#[test]
fn without_a_place_for_records_nothing_is_made() {
    let project = Project::new();
    fs::write(project.path().join(".dockertest"), "").unwrap();
    let failure = provision(&project.provider(Project::callouts(MAKE)), 1).unwrap_err().to_string();
    assert!(failure.starts_with("cannot record instances in `"), "{failure}");
    assert_eq!(project.calls(), [] as [String; 0]);
}

#[test]
fn names_for_messages_do_not_hide_the_program() {
    let other = HostProgram { path: PathBuf::from("/opt/x"), arguments: vec!["instance_execute".into()] };
    assert_eq!(other.shown(), Path::new("/opt/x"));
}
