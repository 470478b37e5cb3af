//! Subtests that consist of sub-subtests.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use crate::host::protocol::HostMessage;
use crate::outcome::{Ending, Phase};
use crate::subtest::lifecycle::{COMPLETED, clean_up, ending_of, excuse, overrules};
use crate::subtest::panics::caught;
use crate::subtest::{Context, Failure, NotApplicable, Outcome, SubSubtest, Subtest};
use crate::verdict::Verdict;

/// A sub-subtest that a parent can run. Made by [`subtest!`](crate::subtest!).
///
/// ```
/// # use dockertest::prelude::*;
/// # use dockertest::subtest::{Caller, Child, Order};
/// # #[derive(Default)]
/// # struct Kill;
/// # impl Subtest for Kill {}
/// # #[derive(Default)]
/// # struct Sigstop;
/// # impl SubSubtest<Kill> for Sigstop {}
/// let child: Child<Kill> = Child { name: "sigstop", make: || Box::new(Sigstop) };
/// assert_eq!(child.name, "sigstop");
/// let _fresh: Box<dyn SubSubtest<Kill>> = (child.make)();
/// ```
// Authors write one for each sub-subtest, in a constant: so it is not `#[non_exhaustive]`.
pub struct Child<P> {
    /// The last component of its name.
    pub name: &'static str,
    /// Makes a fresh one.
    pub make: fn() -> Box<dyn SubSubtest<P>>,
}

impl<P> fmt::Debug for Child<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("name", &self.name).finish_non_exhaustive()
    }
}

/// In which order the phases of sub-subtests run. Either way the sub-subtests come in the order of the option
/// `subsubtests`.
///
/// ```
/// # use dockertest::prelude::*;
/// # #[derive(Default)]
/// # struct Kill;
/// # impl Subtest for Kill {}
/// # #[derive(Default)]
/// # struct Sigstop;
/// # impl SubSubtest<Kill> for Sigstop {}
/// // `staged` is `Order::StageByStage`, `sequential` is `Order::OneAfterAnother`:
/// dockertest::subtest!(Kill, "Checks what `docker kill` promises.", staged { sigstop: Sigstop });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// Each goes through all its phases before the next one begins.
    OneAfterAnother,
    /// All go through a phase before the next phase begins.
    StageByStage,
}

/// A subtest and the sub-subtests that it runs. Made by [`subtest!`](crate::subtest!).
///
/// The parent's own phases run before those of the sub-subtests, its clean-up after theirs. Its verdict is the worst
/// of its own and theirs; one that does not apply does not make the others worse.
///
/// ```
/// # use dockertest::prelude::*;
/// # use dockertest::subtest::{Caller, Child, Order};
/// # #[derive(Default)]
/// # struct Kill;
/// # impl Subtest for Kill {}
/// # #[derive(Default)]
/// # struct Sigstop;
/// # impl SubSubtest<Kill> for Sigstop {}
/// use dockertest::subtest::Registration;
///
/// dockertest::subtest!(Kill, "Checks `docker kill` by signal.", sequential { sigstop: Sigstop });
///
/// let is_ours = |found: &&Registration| found.summary == "Checks `docker kill` by signal.";
/// let kill = dockertest::subtest::registered().find(is_ours).unwrap();
/// assert_eq!(kill.children, ["sigstop"]);
/// let _caller: Box<dyn Subtest> = (kill.make)();
/// ```
pub struct Caller<P: 'static> {
    parent: P,
    available: &'static [Child<P>],
    order: Order,
    running: Vec<Running<P>>,
    ended: Vec<(String, Ending)>,
}

/// A sub-subtest on its way through the phases.
struct Running<P> {
    name: String,
    test: Box<dyn SubSubtest<P>>,
    ctx: Context,
    failed: Option<(Failure, Phase)>,
    spent: Duration,
}

impl<P> fmt::Debug for Caller<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("available", &self.available).field("order", &self.order).finish_non_exhaustive()
    }
}

impl<P: Subtest> Caller<P> {
    /// A subtest that runs those of `available` that the configuration or the command line chooses.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # use dockertest::subtest::{Caller, Child, Order};
    /// # #[derive(Default)]
    /// # struct Kill;
    /// # impl Subtest for Kill {}
    /// # #[derive(Default)]
    /// # struct Sigstop;
    /// # impl SubSubtest<Kill> for Sigstop {}
    /// const CHILDREN: &[Child<Kill>] = &[Child { name: "sigstop", make: || Box::new(Sigstop) }];
    ///
    /// let caller = Caller::new(Kill, CHILDREN, Order::OneAfterAnother);
    /// assert!(caller.needs_engine()); // as its parent
    /// ```
    #[must_use]
    pub fn new(parent: P, available: &'static [Child<P>], order: Order) -> Self {
        Caller { parent, available, order, running: Vec::new(), ended: Vec::new() }
    }

    /// The names to run: what the request says, else the option `subsubtests`, else all.
    fn chosen(&self, ctx: &Context) -> Outcome<Vec<String>> {
        let section = ctx.section();
        let chosen = match (&ctx.shared().request.subsubtests, section.setting("subsubtests")) {
            (Some(chosen), _) => chosen.clone(),
            (None, Some(_)) => section.list("subsubtests"),
            (None, None) => self.available.iter().map(|child| child.name.to_owned()).collect(),
        };
        if chosen.is_empty() {
            return Err(NotApplicable::because("no sub-subtest is chosen: the option `subsubtests` is empty").into());
        }
        Ok(chosen)
    }

    /// Makes a sub-subtest, unless it has ended before it began.
    fn begin(&mut self, name: String, ctx: &Context) -> Option<Running<P>> {
        ctx.say(&HostMessage::SubsubtestStarted { subsubtest: name.clone() });
        let child_ctx = ctx.child(&name);
        let made = self.available.iter().find(|child| child.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.available.iter().map(|child| child.name).collect();
            let reason = format!("`{}` has no sub-subtest `{name}`; it has {}", ctx.name(), known.join(", "));
            Failure::new(Verdict::Error, reason)
        });
        match made.and_then(|child| ready(&child_ctx).map(|()| child)) {
            Ok(child) => {
                let test = (child.make)();
                Some(Running { name, test, ctx: child_ctx, failed: None, spent: Duration::ZERO })
            }
            Err(failure) => {
                self.finish(name, ending_of(&failure, None), &child_ctx);
                None
            }
        }
    }

    /// Takes a sub-subtest through a phase, if nothing failed before.
    fn stage(&mut self, child: &mut Running<P>, phase: Phase) {
        if child.failed.is_some() {
            return;
        }
        let start = Instant::now();
        let (parent, test, ctx) = (&mut self.parent, &mut child.test, &mut child.ctx);
        let outcome = ctx.checkpoint().and_then(|()| {
            ctx.enter(phase);
            caught(|| match phase {
                Phase::Initialize => test.initialize(parent, ctx),
                Phase::RunOnce => test.run_once(parent, ctx),
                _ => test.postprocess(parent, ctx),
            })
        });
        child.failed = outcome.err().map(|failure| (without_reboot(failure), phase));
        child.spent += start.elapsed();
    }

    /// Cleans up after a sub-subtest and tells how it ended.
    fn end(&mut self, mut child: Running<P>) {
        let start = Instant::now();
        let (parent, test) = (&mut self.parent, &mut child.test);
        let failures = clean_up(&mut child.ctx, |ctx| test.cleanup(parent, ctx));
        for failure in failures {
            match &child.failed {
                Some((earlier, _)) if !overrules(&failure, earlier) => child.ctx.error(failure.reason()),
                _ => {
                    if let Some((earlier, _)) = child.failed.replace((failure, Phase::Cleanup)) {
                        child.ctx.warning(earlier.reason());
                    }
                }
            }
        }
        let mut ending = match child.failed {
            None => Ending::new(Verdict::Good, COMPLETED),
            Some((failure, phase)) => ending_of(&failure, Some(phase)),
        };
        ending.seconds = (child.spent + start.elapsed()).as_secs_f64();
        self.finish(child.name, ending, &child.ctx);
    }

    fn finish(&mut self, name: String, mut ending: Ending, ctx: &Context) {
        excuse(&mut ending, ctx, &name);
        ctx.say(&HostMessage::SubsubtestEnded { subsubtest: name.clone(), ending: ending.clone() });
        self.ended.push((name, ending));
    }

    /// Takes all running sub-subtests through a phase.
    fn stage_all(&mut self, phase: Phase) {
        let mut running = std::mem::take(&mut self.running);
        for child in &mut running {
            self.stage(child, phase);
        }
        self.running = running;
    }

    fn one_after_another(&mut self, ctx: &Context) -> Outcome {
        for name in self.chosen(ctx)? {
            ctx.checkpoint()?;
            let Some(mut child) = self.begin(name, ctx) else { continue };
            for phase in [Phase::Initialize, Phase::RunOnce, Phase::Postprocess] {
                self.stage(&mut child, phase);
            }
            self.end(child);
        }
        Ok(())
    }
}

/// A sub-subtest cannot be entered again, and its siblings are still to run.
fn without_reboot(failure: Failure) -> Failure {
    if failure.reboot_wish().is_none() {
        return failure;
    }
    let problem = format!("only the subtest itself can ask for a reboot, not a sub-subtest: {}", failure.reason());
    Failure::new(Verdict::Error, problem)
}

/// Whether a sub-subtest may run; makes its temporary folder.
fn ready(ctx: &Context) -> Outcome {
    if let Some(origin) = ctx.section().disabled()? {
        return Err(NotApplicable::because(format!("disabled in configuration ({origin})")).into());
    }
    crate::version::check_section(ctx.section())
        .map_err(|mismatch| Failure::new(Verdict::Fail, mismatch.to_string()))?;
    let tmp = ctx.tmp();
    fs::create_dir_all(tmp).map_err(|error| {
        Failure::new(Verdict::Error, format!("cannot make the temporary folder `{}`: {error}", tmp.display()))
    })
}

impl<P: Subtest> Subtest for Caller<P> {
    fn needs_engine(&self) -> bool {
        self.parent.needs_engine()
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        self.parent.initialize(ctx)?;
        if self.order == Order::StageByStage {
            for name in self.chosen(ctx)? {
                let child = self.begin(name, ctx);
                self.running.extend(child);
            }
            self.stage_all(Phase::Initialize);
        }
        Ok(())
    }

    fn setup(&mut self, ctx: &mut Context) -> Outcome {
        self.parent.setup(ctx)
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        self.parent.run_once(ctx)?;
        match self.order {
            Order::OneAfterAnother => self.one_after_another(ctx),
            Order::StageByStage => {
                self.stage_all(Phase::RunOnce);
                Ok(())
            }
        }
    }

    fn postprocess_iteration(&mut self, ctx: &mut Context) -> Outcome {
        self.parent.postprocess_iteration(ctx)
    }

    fn postprocess(&mut self, ctx: &mut Context) -> Outcome {
        if self.order == Order::StageByStage {
            self.stage_all(Phase::Postprocess);
        }
        self.parent.postprocess(ctx)
    }

    fn cleanup(&mut self, ctx: &mut Context) -> Outcome {
        for child in std::mem::take(&mut self.running) {
            self.end(child);
        }
        self.clean_up_after_another_process(ctx);
        self.parent.cleanup(ctx)
    }

    fn conclude(&mut self) -> Outcome {
        let Some(worst) = worst(&self.ended) else { return Ok(()) };
        if worst == Verdict::Good {
            return Ok(());
        }
        let named: Vec<String> = self
            .ended
            .iter()
            .filter(|(_, ending)| {
                ending.verdict != Verdict::Good && (worst == Verdict::TestNa || ending.verdict != Verdict::TestNa)
            })
            .map(|(name, ending)| format!("{name} ({}: {})", ending.verdict, first_line(&ending.reason)))
            .collect();
        let what = if worst.is_passed() { "sub-subtests to look at" } else { "sub-subtest failures" };
        Err(Failure::new(worst, format!("{what}: {}", named.join(", "))))
    }
}

impl<P: Subtest> Caller<P> {
    /// In a process that only cleans up, the sub-subtests' clean-ups run as well, last one first.
    fn clean_up_after_another_process(&mut self, ctx: &Context) {
        if !matches!(ctx.shared().request.mode, crate::host::protocol::Mode::Cleanup { .. }) {
            return;
        }
        for name in self.chosen(ctx).unwrap_or_default().into_iter().rev() {
            let Some(child) = self.available.iter().find(|child| child.name == name) else { continue };
            let (mut test, mut child_ctx) = ((child.make)(), ctx.child(&name));
            let parent = &mut self.parent;
            for failure in clean_up(&mut child_ctx, |ctx| test.cleanup(parent, ctx)) {
                child_ctx.error(failure.reason());
            }
        }
    }
}

/// The worst verdict; one that does not apply counts only if none applies.
fn worst(ended: &[(String, Ending)]) -> Option<Verdict> {
    let verdicts = || ended.iter().map(|(_, ending)| ending.verdict);
    verdicts().filter(|verdict| *verdict != Verdict::TestNa).max().or_else(|| verdicts().max())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
