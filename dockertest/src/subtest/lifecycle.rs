//! The life of a subtest: which phase comes when, and what becomes of an error.

use std::time::Instant;

use crate::config::Section;
use crate::host::protocol::{HostMessage, Mode};
use crate::journal::Iteration;
use crate::outcome::{Ending, Evidence, Level, Phase};
use crate::subtest::failure::RebootWish;
use crate::subtest::panics::caught;
use crate::subtest::voice::fitting_part;
use crate::subtest::{Context, Failure, NotApplicable, Outcome, Subtest, setup};
use crate::verdict::Verdict;

/// The reason of a step that nothing is wrong with.
pub(crate) const COMPLETED: &str = "completed successfully";

/// How a step's process ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    /// With a verdict.
    Ended(Ending),
    /// With the wish for a reboot.
    Reboot(RebootWish),
}

/// A failure and the phase that it happened in.
struct Failed {
    failure: Failure,
    phase: Option<Phase>,
}

#[cfg(feature = "api")]
use crate::engine::objects::remove_left_over;

/// Without the API nothing is made that would have to be removed through it.
#[cfg(not(feature = "api"))]
fn remove_left_over(_ctx: &mut Context) -> Outcome {
    Ok(())
}

/// Takes a subtest through the phases that its request asks for.
pub(crate) fn run(subtest: &mut dyn Subtest, ctx: &mut Context) -> End {
    let start = Instant::now();
    let mode = ctx.shared().request.mode.clone();
    let mut first = match mode {
        Mode::Full | Mode::Resume { .. } => body(subtest, ctx).err(),
        Mode::Cleanup { .. } => {
            #[cfg(feature = "api")]
            for folder in crate::engine::daemon::sweep() {
                ctx.debug(format!("removed what an engine of our own left in {}", folder.display()));
            }
            None
        }
    };
    if let Some(wish) = first.as_ref().and_then(|failed| failed.failure.reboot_wish()) {
        return End::Reboot(wish.clone());
    }
    let alone = matches!(ctx.shared().request.mode, Mode::Cleanup { .. });
    let cleaned = clean_up(ctx, |ctx| {
        let cleaned = subtest.cleanup(ctx);
        // The process that had the promises is gone.
        if alone { cleaned.and(remove_left_over(ctx)) } else { cleaned }
    });
    for failure in cleaned {
        keep_first(&mut first, failure, Some(Phase::Cleanup), ctx);
    }
    if let Err(failure) = caught(|| subtest.conclude()) {
        keep_first(&mut first, failure, None, ctx);
    }
    if let Some(values) = ctx.shared().spent.figures() {
        ctx.say(&HostMessage::Keyvals { iteration: None, values });
    }
    let mut ending = match first {
        None => Ending::new(Verdict::Good, COMPLETED),
        Some(failed) => ending_of(&failed.failure, failed.phase),
    };
    ending.seconds = start.elapsed().as_secs_f64();
    excuse(&mut ending, ctx, "");
    ctx.shared().secrets.hide_in_ending(&mut ending);
    End::Ended(ending)
}

/// All phases but the clean-up.
fn body(subtest: &mut dyn Subtest, ctx: &mut Context) -> Result<(), Failed> {
    enter(ctx, Phase::Initialize, |ctx| subtest.initialize(ctx))?;
    set_up(subtest, ctx)?;
    let iterations = iterations(ctx.section()).map_err(|failure| Failed { failure, phase: None })?;
    for number in 1..=iterations {
        ctx.set_iteration(Some(Iteration { number, of: iterations }));
        enter(ctx, Phase::RunOnce, |ctx| subtest.run_once(ctx))?;
        enter(ctx, Phase::PostprocessIteration, |ctx| subtest.postprocess_iteration(ctx))?;
    }
    ctx.set_iteration(None);
    enter(ctx, Phase::Postprocess, |ctx| subtest.postprocess(ctx))
}

fn set_up(subtest: &mut dyn Subtest, ctx: &mut Context) -> Result<(), Failed> {
    let request = ctx.shared().request.clone();
    let done = setup::once_per_version(&request, || {
        enter(ctx, Phase::Setup, |ctx| subtest.setup(ctx)).map_err(|failed| failed.failure)
    });
    done.map_err(|failure| Failed { failure, phase: Some(Phase::Setup) })
}

fn iterations(section: &Section) -> Outcome<u32> {
    let iterations = section.number::<u32>("iterations")?.unwrap_or(1);
    if iterations == 0 {
        return Err(NotApplicable::because("`iterations` is 0: nothing was tested").into());
    }
    Ok(iterations)
}

/// Runs a phase, unless the step was asked to stop.
fn enter(ctx: &mut Context, phase: Phase, action: impl FnOnce(&mut Context) -> Outcome) -> Result<(), Failed> {
    ctx.checkpoint().map_err(|failure| Failed { failure, phase: Some(phase) })?;
    ctx.enter(phase);
    caught(|| action(ctx)).map_err(|failure| Failed { failure, phase: Some(phase) })
}

/// Runs a clean-up and then every promise, whatever fails; what failed comes back in order.
pub(crate) fn clean_up(ctx: &mut Context, action: impl FnOnce(&mut Context) -> Outcome) -> Vec<Failure> {
    ctx.enter(Phase::Cleanup);
    let before = ctx.shared().is_cleaning_up();
    ctx.set_cleaning_up(true);
    let mut failures: Vec<Failure> = caught(|| action(ctx)).err().into_iter().collect();
    ctx.shared().background.end(ctx.subsubtest());
    for (what, promise) in ctx.take_guards().last_first() {
        ctx.debug(format!("clean-up: {what}"));
        failures.extend(caught(promise).err().map(|failure| failure.context(what)));
    }
    ctx.set_cleaning_up(before);
    failures.into_iter().map(as_cleanup_failure).collect()
}

/// A clean-up that does not succeed is the test's problem, whatever it was that failed in it.
fn as_cleanup_failure(failure: Failure) -> Failure {
    if failure.verdict().is_passed() {
        return failure;
    }
    Failure::new(Verdict::Error, format!("the clean-up failed: {}", failure.reason()))
}

/// What decides stays; the other is logged.
fn keep_first(first: &mut Option<Failed>, failure: Failure, phase: Option<Phase>, ctx: &Context) {
    match first {
        Some(earlier) if !overrules(&failure, &earlier.failure) => ctx.log(Level::Error, failure.reason()),
        _ => {
            if let Some(earlier) = first.replace(Failed { failure, phase }) {
                ctx.log(Level::Warning, earlier.failure.reason());
            }
        }
    }
}

/// Whether a later failure decides in place of an earlier one. The first decides, but a warning, or a test that does
/// not apply, hides no failure.
pub(crate) fn overrules(later: &Failure, earlier: &Failure) -> bool {
    earlier.verdict().is_passed() && !later.verdict().is_passed()
}

/// How something ends that failed in this way, in no more words than fit into a message.
pub(crate) fn ending_of(failure: &Failure, phase: Option<Phase>) -> Ending {
    let mut ending = Ending::new(failure.verdict(), fitting_part(failure.reason()));
    ending.phase = phase;
    ending.evidence = failure.evidence().map(|evidence| Box::new(fitting_evidence(evidence)));
    ending
}

fn fitting_evidence(evidence: &Evidence) -> Evidence {
    let Evidence { command, expected, seen, difference, help } = evidence;
    let cut = |part: &Option<String>| part.as_deref().map(fitting_part);
    Evidence {
        command: cut(command),
        expected: cut(expected),
        seen: cut(seen),
        difference: cut(difference),
        help: cut(help),
    }
}

/// Turns a `FAIL` that is known for this engine into a `WARN`. `name` is empty for the subtest itself. The reason stays as
/// it was: the description stands beside it, and is shown with it.
pub(crate) fn excuse(ending: &mut Ending, ctx: &Context, name: &str) {
    let Some(known) = ctx.shared().request.known_failures.get(name) else { return };
    if ending.verdict != Verdict::Fail {
        return;
    }
    ending.verdict = Verdict::Warn;
    ending.known_failure = Some(known.clone());
}
