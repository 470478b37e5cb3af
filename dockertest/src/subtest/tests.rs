//! Which error in which phase gives which verdict, and that the clean-up always comes.

use std::sync::{Arc, Mutex};

use rstest::rstest;

use super::failure::RebootWish;
use super::testing::{request, run, section};
use super::*;
use crate::host::protocol::{HostMessage, Mode};
use crate::outcome::{Ending, Evidence, Phase};
use crate::verdict::Verdict;

/// A subtest that does something in one phase and notes all of them.
#[derive(Default)]
struct Probe {
    at: Option<Phase>,
    action: Option<fn() -> Outcome>,
    seen: Arc<Mutex<Vec<Phase>>>,
}

impl Probe {
    fn doing(at: Phase, action: fn() -> Outcome) -> Self {
        Probe { at: Some(at), action: Some(action), ..Probe::default() }
    }

    fn phase(&self, phase: Phase) -> Outcome {
        self.seen.lock().unwrap().push(phase);
        match self.action {
            Some(action) if self.at == Some(phase) => action(),
            _ => Ok(()),
        }
    }
}

impl Subtest for Probe {
    fn initialize(&mut self, _: &mut Context) -> Outcome {
        self.phase(Phase::Initialize)
    }
    fn setup(&mut self, _: &mut Context) -> Outcome {
        self.phase(Phase::Setup)
    }
    fn run_once(&mut self, _: &mut Context) -> Outcome {
        self.phase(Phase::RunOnce)
    }
    fn postprocess_iteration(&mut self, _: &mut Context) -> Outcome {
        self.phase(Phase::PostprocessIteration)
    }
    fn postprocess(&mut self, _: &mut Context) -> Outcome {
        self.phase(Phase::Postprocess)
    }
    fn cleanup(&mut self, _: &mut Context) -> Outcome {
        self.phase(Phase::Cleanup)
    }
}

fn ended(end: End) -> Ending {
    match end {
        End::Ended(ending) => ending,
        End::Reboot(wish) => panic!("{wish:?}"),
    }
}

fn fails() -> Outcome {
    Err(Failure::new(Verdict::Fail, "broken"))
}

fn is_not_applicable() -> Outcome {
    Err(NotApplicable::because("no such kernel").into())
}

fn cannot() -> Outcome {
    Err(std::io::Error::other("disk on fire").into())
}

fn panics() -> Outcome {
    panic!("oh no")
}

fn is_odd() -> Outcome {
    Err(Attention::because("slower than usual").into())
}

#[rstest]
#[case::fail(fails, Verdict::Fail, "broken")]
#[case::not_applicable(is_not_applicable, Verdict::TestNa, "no such kernel")]
#[case::error(cannot, Verdict::Error, "disk on fire")]
#[case::panic(panics, Verdict::Error, "oh no")]
fn the_error_decides_in_every_phase_and_cleanup_comes(
    #[case] action: fn() -> Outcome,
    #[case] verdict: Verdict,
    #[case] reason: &str,
    #[values(Phase::Initialize, Phase::Setup, Phase::RunOnce, Phase::PostprocessIteration, Phase::Postprocess)]
    at: Phase,
) {
    let folder = tempfile::tempdir().unwrap();
    let mut probe = Probe::doing(at, action);
    let (end, _) = run(&mut probe, request("probe", folder.path()));
    let ending = ended(end);
    assert_eq!(ending.verdict, verdict);
    assert_eq!(ending.phase, Some(at));
    assert!(ending.reason.contains(reason), "{}", ending.reason);
    let seen = probe.seen.lock().unwrap().clone();
    assert_eq!(seen.last(), Some(&Phase::Cleanup));
    assert_eq!(seen[seen.len() - 2], at, "nothing may run between the failure and the clean-up");
}

#[test]
fn all_phases_run_in_order_and_iterations_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("probe", folder.path());
    request.section = section("probe", &[("iterations", "2")]);
    let mut probe = Probe::default();
    let (end, heard) = run(&mut probe, request);
    assert_eq!(ended(end).verdict, Verdict::Good);
    use Phase::{Cleanup, Initialize, Postprocess, PostprocessIteration, RunOnce, Setup};
    let order = [Initialize, Setup, RunOnce, PostprocessIteration, RunOnce, PostprocessIteration, Postprocess, Cleanup];
    assert_eq!(*probe.seen.lock().unwrap(), order);
    let counted: Vec<u32> = heard
        .iter()
        .filter_map(|message| match message {
            HostMessage::Phase { phase: RunOnce, iteration, .. } => iteration.map(|iteration| iteration.number),
            _ => None,
        })
        .collect();
    assert_eq!(counted, [1, 2]);
}

#[rstest]
#[case::none("0", Verdict::TestNa)]
#[case::no_number("many", Verdict::Error)]
fn iterations_that_test_nothing_are_not_good(#[case] iterations: &str, #[case] verdict: Verdict) {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("probe", folder.path());
    request.section = section("probe", &[("iterations", iterations)]);
    assert_eq!(ended(run(&mut Probe::default(), request).0).verdict, verdict);
}

#[test]
fn a_cleanup_that_fails_is_an_error_unless_something_failed_before() {
    let folder = tempfile::tempdir().unwrap();
    let alone = ended(run(&mut Probe::doing(Phase::Cleanup, fails), request("probe", folder.path())).0);
    assert_eq!((alone.verdict, alone.phase), (Verdict::Error, Some(Phase::Cleanup)));

    struct Both;
    impl Subtest for Both {
        fn run_once(&mut self, ctx: &mut Context) -> Outcome {
            ctx.defer("the guard", || Err(std::io::Error::other("guard").into()));
            fails()
        }
        fn cleanup(&mut self, _: &mut Context) -> Outcome {
            cannot()
        }
    }
    let (end, heard) = run(&mut Both, request("both", folder.path()));
    assert_eq!(ended(end).reason, "broken");
    let logged = format!("{heard:?}");
    assert!(logged.contains("disk on fire") && logged.contains("the guard: guard"), "{logged}");
}

#[rstest]
#[case::warning(is_odd)]
#[case::not_applicable(is_not_applicable)]
fn what_is_no_failure_does_not_hide_one(#[case] before: fn() -> Outcome) {
    struct Messy(fn() -> Outcome);
    impl Subtest for Messy {
        fn run_once(&mut self, _: &mut Context) -> Outcome {
            (self.0)()
        }
        fn cleanup(&mut self, _: &mut Context) -> Outcome {
            cannot()
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (end, heard) = run(&mut Messy(before), request("messy", folder.path()));
    let ending = ended(end);
    assert_eq!((ending.verdict, ending.phase), (Verdict::Error, Some(Phase::Cleanup)));
    let earlier = before().unwrap_err().reason().to_owned();
    assert!(format!("{heard:?}").contains(&earlier), "{earlier} is not logged");
}

#[test]
fn what_a_step_says_has_no_secrets() {
    struct LogsIn;
    impl Subtest for LogsIn {
        fn run_once(&mut self, ctx: &mut Context) -> Outcome {
            let password = ctx.section().get("password").unwrap_or_default().to_owned();
            ctx.keyval("command", format!("login {password}"));
            ctx.docker(["login", "--password", &password]).must_pass()?;
            Ok(())
        }
        fn cleanup(&mut self, ctx: &mut Context) -> Outcome {
            Err(Failure::new(Verdict::Error, format!("{:?}", ctx.section().get("password"))))
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("login", folder.path());
    request.section = section("login", &[("docker_path", "/bin/false"), ("password", "topsecret")]);
    let (end, heard) = run(&mut LogsIn, request);
    let ending = ended(end);
    assert_eq!(ending.evidence.as_ref().unwrap().command.as_deref(), Some("/bin/false login --password ********"));
    let said = format!("{ending:?} {heard:?}");
    assert!(!said.contains("topsecret"), "{said}");
}

#[test]
fn a_failure_of_any_size_fits_into_a_message() {
    fn shouts() -> Outcome {
        let text = || Some("\u{1}".repeat(1 << 20));
        let evidence = Evidence { command: text(), expected: text(), seen: text(), difference: text(), help: text() };
        Err(CheckFailed::new("\u{1}".repeat(1 << 20), evidence).into())
    }
    let folder = tempfile::tempdir().unwrap();
    let ending = ended(run(&mut Probe::doing(Phase::RunOnce, shouts), request("probe", folder.path())).0);
    assert_eq!(ending.verdict, Verdict::Fail);
    let message = serde_json::to_vec(&HostMessage::Ended(ending)).unwrap();
    assert!(message.len() <= crate::host::protocol::MAX_LINE_BYTES, "{}", message.len());
}

#[test]
fn guards_run_last_first_after_the_cleanup_whatever_happened() {
    struct Guarded(Arc<Mutex<Vec<&'static str>>>);
    impl Subtest for Guarded {
        fn run_once(&mut self, ctx: &mut Context) -> Outcome {
            for name in ["first", "second"] {
                let notes = Arc::clone(&self.0);
                ctx.defer(name, move || {
                    notes.lock().unwrap().push(name);
                    Ok(())
                });
            }
            panics()
        }
        fn cleanup(&mut self, _: &mut Context) -> Outcome {
            self.0.lock().unwrap().push("cleanup");
            panics()
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let notes = Arc::default();
    let _ = run(&mut Guarded(Arc::clone(&notes)), request("guarded", folder.path()));
    assert_eq!(*notes.lock().unwrap(), ["cleanup", "second", "first"]);
}

#[test]
fn a_later_process_only_cleans_up_and_knows_what_was_kept() {
    #[derive(Default)]
    struct Keeper(Option<String>);
    impl Subtest for Keeper {
        fn run_once(&mut self, ctx: &mut Context) -> Outcome {
            ctx.keep("container", &"abc")
        }
        fn cleanup(&mut self, ctx: &mut Context) -> Outcome {
            self.0 = ctx.kept("container")?;
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let _ = run(&mut Keeper::default(), request("keeper", folder.path()));
    let mut later = Keeper::default();
    let mut again = request("keeper", folder.path());
    again.mode = Mode::Cleanup { reason: "killed".to_owned() };
    let (end, heard) = run(&mut later, again);
    assert_eq!(ended(end).verdict, Verdict::Good);
    assert_eq!(later.0.as_deref(), Some("abc"));
    assert!(heard.iter().all(|message| !matches!(message, HostMessage::Phase { phase: Phase::RunOnce, .. })));
}

#[test]
fn a_reboot_ends_the_process_without_cleanup_and_is_entered_again() {
    struct Reboots;
    impl Subtest for Reboots {
        fn run_once(&mut self, ctx: &mut Context) -> Outcome {
            match ctx.resumed() {
                None => Err(ctx.request_reboot("after", "new kernel")),
                Some(resumed) => {
                    check_eq!(resumed.at, "after", "where it is entered");
                    check!(resumed.rebooted, "the machine was rebooted");
                    Ok(())
                }
            }
        }
    }
    use crate::{check, check_eq};
    let folder = tempfile::tempdir().unwrap();
    let (end, heard) = run(&mut Reboots, request("reboots", folder.path()));
    assert!(matches!(end, End::Reboot(wish) if wish.resume_at == "after"));
    assert!(!format!("{heard:?}").contains("Cleanup"), "{heard:?}");
    let mut again = request("reboots", folder.path());
    again.mode = Mode::Resume { resume_at: "after".to_owned(), rebooted: true };
    assert_eq!(ended(run(&mut Reboots, again).0).verdict, Verdict::Good);
}

#[derive(Default)]
struct Parent {
    log: Vec<String>,
    warns: bool,
}
impl Subtest for Parent {
    fn postprocess(&mut self, _: &mut Context) -> Outcome {
        if self.warns { is_odd() } else { Ok(()) }
    }
}

/// A sub-subtest that does something in one phase and notes all of them in its parent.
struct Kid {
    name: &'static str,
    at: Phase,
    action: fn() -> Outcome,
}

impl Kid {
    fn phase(&self, parent: &mut Parent, phase: Phase) -> Outcome {
        parent.log.push(format!("{}.{phase}", self.name));
        if self.at == phase { (self.action)() } else { Ok(()) }
    }
}

impl SubSubtest<Parent> for Kid {
    fn initialize(&mut self, parent: &mut Parent, _: &mut Context) -> Outcome {
        self.phase(parent, Phase::Initialize)
    }
    fn run_once(&mut self, parent: &mut Parent, _: &mut Context) -> Outcome {
        self.phase(parent, Phase::RunOnce)
    }
    fn postprocess(&mut self, parent: &mut Parent, _: &mut Context) -> Outcome {
        self.phase(parent, Phase::Postprocess)
    }
    fn cleanup(&mut self, parent: &mut Parent, _: &mut Context) -> Outcome {
        self.phase(parent, Phase::Cleanup)
    }
}

fn passes() -> Outcome {
    Ok(())
}

const KIDS: &[Child<Parent>] = &[
    Child { name: "ok", make: || Box::new(Kid { name: "ok", at: Phase::RunOnce, action: passes }) },
    Child { name: "bad", make: || Box::new(Kid { name: "bad", at: Phase::RunOnce, action: fails }) },
    Child { name: "na", make: || Box::new(Kid { name: "na", at: Phase::RunOnce, action: is_not_applicable }) },
    Child { name: "early", make: || Box::new(Kid { name: "early", at: Phase::Initialize, action: cannot }) },
    Child { name: "mess", make: || Box::new(Kid { name: "mess", at: Phase::Cleanup, action: fails }) },
    Child { name: "panics", make: || Box::new(Kid { name: "panics", at: Phase::RunOnce, action: panics }) },
    Child {
        name: "reboots",
        make: || Box::new(Kid { name: "reboots", at: Phase::RunOnce, action: asks_for_a_reboot }),
    },
];

fn asks_for_a_reboot() -> Outcome {
    Err(Failure::reboot(RebootWish { resume_at: "after".to_owned(), reason: "new kernel".to_owned() }))
}

/// Runs the sub-subtests of this list; gives back the parent's ending and each of theirs.
fn call(order: Order, chosen: &str) -> (Ending, Vec<(String, Verdict)>) {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("parent", folder.path());
    request.section = section("parent", &[("subsubtests", chosen)]);
    let (end, heard) = run(&mut Caller::new(Parent::default(), KIDS, order), request);
    let children = heard
        .into_iter()
        .filter_map(|message| match message {
            HostMessage::SubsubtestEnded { subsubtest, ending } => Some((subsubtest, ending.verdict)),
            _ => None,
        })
        .collect();
    (ended(end), children)
}

#[rstest]
#[case::all_good("ok,ok", Verdict::Good, &[Verdict::Good, Verdict::Good])]
#[case::one_fails("bad,na,ok", Verdict::Fail, &[Verdict::Fail, Verdict::TestNa, Verdict::Good])]
#[case::not_applicable_beside_good("na,ok", Verdict::Good, &[Verdict::TestNa, Verdict::Good])]
#[case::none_applies("na", Verdict::TestNa, &[Verdict::TestNa])]
#[case::early("early,ok", Verdict::Error, &[Verdict::Error, Verdict::Good])]
#[case::cleanup_fails("mess,ok", Verdict::Error, &[Verdict::Error, Verdict::Good])]
#[case::panic("panics,ok", Verdict::Error, &[Verdict::Error, Verdict::Good])]
#[case::reboot("reboots,ok", Verdict::Error, &[Verdict::Error, Verdict::Good])]
#[case::unknown("nobody,ok", Verdict::Error, &[Verdict::Error, Verdict::Good])]
#[case::nothing("", Verdict::TestNa, &[])]
fn one_sub_subtest_never_stops_another(
    #[case] chosen: &str,
    #[case] verdict: Verdict,
    #[case] children: &[Verdict],
    #[values(Order::OneAfterAnother, Order::StageByStage)] order: Order,
) {
    let (ending, seen) = call(order, chosen);
    assert_eq!(ending.verdict, verdict, "{}", ending.reason);
    let mut seen: Vec<Verdict> = seen.into_iter().map(|(_, verdict)| verdict).collect();
    let mut children = children.to_vec();
    // One that ends before it begins is told of earlier when the phases are interleaved.
    seen.sort_unstable();
    children.sort_unstable();
    assert_eq!(seen, children);
}

#[test]
fn the_parent_names_the_sub_subtests_that_failed() {
    let (ending, _) = call(Order::OneAfterAnother, "ok,bad,na");
    assert_eq!(ending.reason, "sub-subtest failures: bad (FAIL: broken)");
}

#[rstest]
fn a_warning_of_the_parent_does_not_hide_the_failure_of_a_child(
    #[values(Order::OneAfterAnother, Order::StageByStage)] order: Order,
) {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("parent", folder.path());
    request.section = section("parent", &[("subsubtests", "bad")]);
    let parent = Parent { warns: true, ..Parent::default() };
    assert_eq!(ended(run(&mut Caller::new(parent, KIDS, order), request).0).verdict, Verdict::Fail);
}

#[rstest]
#[case::sequential(
    Order::OneAfterAnother,
    "ok.initialize ok.run_once ok.postprocess ok.cleanup na.initialize na.run_once na.cleanup"
)]
#[case::staged(
    Order::StageByStage,
    "ok.initialize na.initialize ok.run_once na.run_once ok.postprocess ok.cleanup na.cleanup"
)]
fn stages_come_in_the_order_of_the_caller(#[case] order: Order, #[case] expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("parent", folder.path());
    request.section = section("parent", &[("subsubtests", "ok, na")]);
    let (_, heard) = run(&mut Caller::new(Parent::default(), KIDS, order), request);
    let phases: Vec<String> = heard
        .iter()
        .filter_map(|message| match message {
            HostMessage::Phase { subsubtest: Some(name), phase, .. } => Some(format!("{name}.{phase}")),
            _ => None,
        })
        .collect();
    assert_eq!(phases.join(" "), expected);
}

#[test]
fn a_known_failure_is_a_warning_of_the_sub_subtest_and_of_the_parent() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("parent", folder.path());
    request.section = section("parent", &[("subsubtests", "bad,ok")]);
    request.known_failures.insert("bad".to_owned(), "bug 12".to_owned());
    let (end, heard) = run(&mut Caller::new(Parent::default(), KIDS, Order::OneAfterAnother), request);
    assert_eq!(ended(end).verdict, Verdict::Warn);
    let ending = heard.iter().find_map(|message| match message {
        HostMessage::SubsubtestEnded { subsubtest, ending } if subsubtest == "bad" => Some(ending),
        _ => None,
    });
    let ending = ending.unwrap();
    assert_eq!((ending.verdict, ending.known_failure.as_deref()), (Verdict::Warn, Some("bug 12")));
    assert_eq!(ending.reason, "broken", "reports show the description themselves");
}

#[test]
fn a_switched_off_sub_subtest_does_not_apply() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("parent", folder.path());
    request.section = section("parent", &[("subsubtests", "bad,ok")]);
    request.subsections.insert("bad".to_owned(), section("parent/bad", &[("enable", "no")]));
    let (end, _) = run(&mut Caller::new(Parent::default(), KIDS, Order::OneAfterAnother), request);
    assert_eq!(ended(end).verdict, Verdict::Good);
}
