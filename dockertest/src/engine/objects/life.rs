//! By what a container can be told to be still the same, running without a break.

use crate::engine::Container;
use crate::outcome::Evidence;
use crate::subtest::{CheckFailed, Outcome};

/// One run of a container, from its start to its end. Made by [`Container::life`].
///
/// ```no_run
/// # use dockertest::prelude::*;
/// # fn phase(ctx: &mut Context) -> Outcome {
/// let container = ctx.container().start()?;
/// let life = container.life()?;
/// let refused = ctx.docker(["kill", "--signal=NONSENSE", container.name()]).must_fail(1)?;
/// container.must_go_on(&life, &refused.command)?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    status: String,
    pid: i64,
    started: String,
}

impl Life {
    fn describe(&self) -> String {
        format!("{}, process {}, started at {}", self.status, self.pid, self.started)
    }
}

impl Container {
    /// Its present run.
    ///
    /// # Errors
    /// `FAIL` when it is gone.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// let before = container.life()?;
    /// # let _ = before;
    /// # Ok(()) }
    /// ```
    pub fn life(&self) -> Outcome<Life> {
        let state = self.state()?;
        Ok(Life {
            status: state.status.map(|status| status.to_string()).unwrap_or_default(),
            pid: state.pid.unwrap_or_default(),
            started: state.started_at.unwrap_or_default(),
        })
    }

    /// Fails when it does not go on as it did: it has ended, was paused, or has been started again.
    ///
    /// # Errors
    /// `FAIL` with the command that should have left it alone.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, container: dockertest::engine::Container) -> Outcome {
    /// let before = container.life()?;
    /// let shown = ctx.docker(["top", container.name()]).must_pass()?;
    /// container.must_go_on(&before, &shown.command)?;
    /// # Ok(()) }
    /// ```
    pub fn must_go_on(&self, life: &Life, command: &str) -> Outcome {
        let now = self.life()?;
        if now == *life {
            return Ok(());
        }
        let evidence = Evidence {
            command: Some(command.to_owned()),
            expected: Some(life.describe()),
            seen: Some(now.describe()),
            ..Evidence::default()
        };
        Err(CheckFailed::new(format!("container {} does not go on as it was", self.name()), evidence).into())
    }
}
