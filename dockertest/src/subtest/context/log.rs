//! What a subtest tells while it runs.

use std::collections::BTreeMap;
use std::fmt;

use crate::host::protocol::HostMessage;
use crate::outcome::{Level, Phase};
use crate::subtest::Context;
use crate::subtest::voice::fitting;

impl Context {
    /// Something for the log files only: commands, output, state.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let before = ctx.docker(["ps", "--all", "--quiet"]).must_pass()?;
    /// ctx.debug(format!("{} containers were there before", before.stdout_text().lines().count()));
    /// # Ok(()) }
    /// ```
    pub fn debug(&self, text: impl fmt::Display) {
        self.log(Level::Debug, text);
    }

    /// Something that a person watching the run wants to see.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.info("waiting for the container to stop");
    /// # Ok(()) }
    /// ```
    pub fn info(&self, text: impl fmt::Display) {
        self.log(Level::Info, text);
    }

    /// Something that may explain a later failure.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.warning("the image was there already and is used as it is");
    /// # Ok(()) }
    /// ```
    pub fn warning(&self, text: impl fmt::Display) {
        self.log(Level::Warning, text);
    }

    /// Something that went wrong, whatever the verdict will be.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.error("the container could not be removed");
    /// # Ok(()) }
    /// ```
    pub fn error(&self, text: impl fmt::Display) {
        self.log(Level::Error, text);
    }

    /// A line for the log.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # use dockertest::outcome::Level;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker(["logs", "test"]).run()?;
    /// let level = if seen.status.success() { Level::Debug } else { Level::Warning };
    /// ctx.log(level, seen.stderr_text());
    /// # Ok(()) }
    /// ```
    pub fn log(&self, level: Level, text: impl fmt::Display) {
        let text = fitting(text.to_string());
        self.say(&HostMessage::Log { subsubtest: self.subsubtest.clone(), level, text });
    }

    /// A fact for the step's keyval file; within an iteration, for the file of that iteration's figures.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker(["run", "--rm", "busybox", "true"]).must_pass()?;
    /// ctx.keyval("start_seconds", seen.duration.as_secs_f64());
    /// # Ok(()) }
    /// ```
    pub fn keyval(&self, key: impl Into<String>, value: impl fmt::Display) {
        let values = BTreeMap::from([(key.into(), fitting(value.to_string()))]);
        self.say(&HostMessage::Keyvals { iteration: self.iteration.map(|iteration| iteration.number), values });
    }

    pub(crate) fn say(&self, message: &HostMessage) {
        self.shared.voice.say(message);
    }

    /// Tells that a phase begins.
    pub(crate) fn enter(&self, phase: Phase) {
        let iteration = match phase {
            Phase::RunOnce | Phase::PostprocessIteration => self.iteration,
            _ => None,
        };
        self.say(&HostMessage::Phase { subsubtest: self.subsubtest.clone(), phase, iteration });
    }
}
