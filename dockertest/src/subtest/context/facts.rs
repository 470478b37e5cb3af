//! What a subtest gets to know: its options, its folders, the engine, the run.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::config::Section;
use crate::host::protocol::History;
use crate::journal::{EngineFacts, Iteration};
use crate::subtest::{Context, Outcome, Requirement};

impl Context {
    /// The options as a struct of the subtest's own, read by `serde`. Options that the struct does not name are left
    /// alone.
    ///
    /// # Errors
    /// `ERROR`, with the option, its value, what was expected, and the file and line that set it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # use dockertest::config::types;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// #[derive(serde::Deserialize)]
    /// struct Options {
    ///     #[serde(with = "types::list")]
    ///     signals: Vec<String>,
    ///     #[serde(with = "types::seconds")]
    ///     wait_stop: std::time::Duration,
    /// }
    /// let options: Options = ctx.config()?;
    /// ctx.info(format!("{} signals, {:?} each", options.signals.len(), options.wait_stop));
    /// # Ok(()) }
    /// ```
    pub fn config<T: DeserializeOwned>(&self) -> Outcome<T> {
        Ok(self.section.read()?)
    }

    /// The options as text, with everything that applies.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let image = ctx.section().get("docker_repo_name").unwrap_or("busybox");
    /// if ctx.section().flag("remove_after_test")?.unwrap_or(true) {
    ///     ctx.docker(["rmi", image]).must_pass()?;
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn section(&self) -> &Section {
        &self.section
    }

    /// The full name, for example `docker_cli/kill/sigstop` of a sub-subtest.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.docker(["create", "--label", &format!("made_by={}", ctx.name()), "busybox"]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.section.name
    }

    /// The step's results folder, absolute; also the working folder.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let shown = ctx.docker(["info"]).must_pass()?;
    /// std::fs::write(ctx.output().join("docker_info.txt"), &shown.stdout)?; // stays with the results
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn output(&self) -> &Path {
        &self.shared.request.folders.output
    }

    /// A folder that is empty at the start and removed after the step; a sub-subtest has one of its own. A later
    /// process of the step, for its clean-up or after a reboot, finds it as it was left.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let cidfile = ctx.tmp().join("cid");
    /// ctx.docker(["create", "--cidfile", &cidfile.display().to_string(), "busybox"]).must_pass()?;
    /// let id = std::fs::read_to_string(&cidfile)?;
    /// # let _ = id;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn tmp(&self) -> &Path {
        &self.tmp
    }

    /// The folder of the subtest's module, with its static content. Read only.
    ///
    /// # Errors
    /// When the program runs without its source tree and the content that is compiled in cannot be unpacked.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let context = ctx.bindir()?.join("build_context"); // a folder beside the module's file
    /// ctx.docker(["build", &context.display().to_string()]).must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn bindir(&self) -> Outcome<PathBuf> {
        self.shared.bindir.find(&self.shared.request.folders.state)
    }

    /// The folder that [`setup`](crate::subtest::Subtest::setup) fills. It is kept from run to run.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let adapted = ctx.srcdir().join("Dockerfile"); // made by `setup`
    /// let folder = ctx.srcdir().display().to_string();
    /// ctx.docker(["build", "--file", &adapted.display().to_string(), &folder]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn srcdir(&self) -> PathBuf {
        crate::subtest::setup::srcdir(&self.shared.request)
    }

    /// Which iteration is running; nothing outside of the iterations.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// if let Some(iteration) = ctx.iteration() {
    ///     ctx.info(format!("round {} of {}", iteration.number, iteration.of));
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn iteration(&self) -> Option<Iteration> {
        self.iteration
    }

    /// What the engine said about itself, asked once for the whole run. Nothing for a subtest that
    /// [does not need it](crate::subtest::Subtest::needs_engine).
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// if let Some(engine) = ctx.engine() {
    ///     let driver = engine.facts.get("storage-driver").map_or("unknown", String::as_str);
    ///     ctx.info(format!("{} {} with {driver}", engine.flavor, engine.version));
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn engine(&self) -> Option<&EngineFacts> {
        self.shared.request.engine.as_ref()
    }

    /// Ends the subtest as `TEST_NA` unless this is met; the reason says what was found.
    ///
    /// # Errors
    /// `TEST_NA`; `ERROR` when nobody knows, because the engine does not answer.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.require(Requirement::Docker)?;
    /// ctx.require(Requirement::ServerAtLeast("23.0"))?;
    /// # Ok(()) }
    /// ```
    pub fn require(&self, requirement: Requirement<'_>) -> Outcome {
        requirement.check(self.engine())
    }

    /// The run's name, which no other run has.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.info(format!("part of {}", ctx.run_name()));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn run_name(&self) -> &str {
        &self.shared.request.run
    }

    /// What has been before in the run: where its results are and, for an intratest, which step it runs after.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// if let Some(step) = &ctx.history().previous {
    ///     ctx.info(format!("looks at what {step} has left"));
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn history(&self) -> &History {
        &self.shared.request.history
    }
}
