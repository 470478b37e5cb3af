//! What a test author implements.

use crate::subtest::{Context, Outcome};

/// A test of one promise of the engine. Runs in a process of its own.
///
/// Only the phases that are needed are written; each does nothing by default. They run in this order:
/// `initialize`, `setup` (only once per version), `run_once` and `postprocess_iteration` for each iteration,
/// `postprocess`, `cleanup`. An error ends the sequence, but `cleanup` always runs: also after a panic, after a
/// time-out, and after the runner was killed (then in a new process, when the run is resumed; what it needs to know
/// must have been kept with [`Context::keep`]).
///
/// ```
/// use dockertest::prelude::*;
///
/// #[derive(Default)]
/// struct Version;
///
/// impl Subtest for Version {
///     fn run_once(&mut self, ctx: &mut Context) -> Outcome {
///         let seen = ctx.docker(["version"]).must_pass()?;
///         check!(seen.stdout_text().contains("Server"), "the server's version is shown");
///         Ok(())
///     }
/// }
/// dockertest::subtest!(Version, "Checks that the version is shown.");
/// ```
pub trait Subtest {
    /// Whether it needs the engine's facts ([`Context::engine`]); then it starts when the engine has been asked.
    fn needs_engine(&self) -> bool {
        false
    }

    /// Before everything else, each time.
    ///
    /// # Errors
    /// Any; see [`Failure`](crate::subtest::Failure) for the verdict that it leads to.
    fn initialize(&mut self, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// Fills the empty [`srcdir`](Context::srcdir) from [`bindir`](Context::bindir): once per version of the
    /// configuration, again when the version changes or the state folder is cleared. Runs after `initialize`.
    ///
    /// # Errors
    /// Any; then it will run again next time.
    fn setup(&mut self, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// The test itself, once per iteration.
    ///
    /// # Errors
    /// Any; the iterations after it are not run.
    fn run_once(&mut self, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// After each iteration: checks of what `run_once` has seen.
    ///
    /// # Errors
    /// Any; the iterations after it are not run.
    fn postprocess_iteration(&mut self, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// After the last iteration: checks of the whole.
    ///
    /// # Errors
    /// Any.
    fn postprocess(&mut self, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// Always, whatever happened before. The context's guards run after it, also when it fails.
    ///
    /// # Errors
    /// Any; `ERROR` if nothing failed before (a warning is no failure), otherwise it is logged and the first failure
    /// stands.
    fn cleanup(&mut self, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// The verdict of what the phases did not report themselves, after the clean-up. For [`Caller`](super::Caller).
    ///
    /// # Errors
    /// The failure of the whole, if a part failed.
    #[doc(hidden)]
    fn conclude(&mut self) -> Outcome {
        Ok(())
    }
}

/// A test within a [`Subtest`], its parent, which it gets in every phase.
///
/// It has a configuration section, a log, a verdict and a clean-up of its own; whatever becomes of it, its siblings
/// run.
pub trait SubSubtest<P> {
    /// Before everything else.
    ///
    /// # Errors
    /// Any; the phases after it are skipped, but for `cleanup`.
    fn initialize(&mut self, _parent: &mut P, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// The test itself.
    ///
    /// # Errors
    /// As for `initialize`.
    fn run_once(&mut self, _parent: &mut P, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// Checks of what `run_once` has seen.
    ///
    /// # Errors
    /// As for `initialize`.
    fn postprocess(&mut self, _parent: &mut P, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// Always, whatever happened before.
    ///
    /// # Errors
    /// Any; `ERROR` if nothing failed before, otherwise it is logged and the first failure stands.
    fn cleanup(&mut self, _parent: &mut P, _ctx: &mut Context) -> Outcome {
        Ok(())
    }
}
