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
    /// Whether it needs the engine's facts ([`Context::engine`], [`Context::require`], and where the engine's API is);
    /// then it starts when the engine has been asked. It does, unless it says no.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # struct DiskQuota;
    /// # impl Subtest for DiskQuota {
    /// fn needs_engine(&self) -> bool {
    ///     false // it looks at the machine only
    /// }
    /// # }
    /// ```
    fn needs_engine(&self) -> bool {
        true
    }

    /// Before everything else, each time.
    ///
    /// # Errors
    /// Any; see [`Failure`](crate::subtest::Failure) for the verdict that it leads to.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # struct UserNamespaces;
    /// # impl Subtest for UserNamespaces {
    /// fn initialize(&mut self, _ctx: &mut Context) -> Outcome {
    ///     if !std::fs::exists("/proc/self/ns/user")? {
    ///         return Err(NotApplicable::because("the kernel has no user namespaces").into());
    ///     }
    ///     Ok(())
    /// }
    /// # }
    /// ```
    fn initialize(&mut self, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// Fills the empty [`srcdir`](Context::srcdir) from [`bindir`](Context::bindir): once per version of the
    /// configuration, again when the version changes or the state folder is cleared. Runs after `initialize`.
    ///
    /// # Errors
    /// Any; then it will run again next time.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # struct Build;
    /// # impl Subtest for Build {
    /// fn setup(&mut self, ctx: &mut Context) -> Outcome {
    ///     let template = std::fs::read_to_string(ctx.bindir()?.join("Dockerfile.in"))?;
    ///     let image = ctx.section().get("docker_repo_name").unwrap_or("busybox");
    ///     std::fs::write(ctx.srcdir().join("Dockerfile"), template.replace("@IMAGE@", image))?;
    ///     Ok(())
    /// }
    /// # }
    /// ```
    fn setup(&mut self, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// The test itself, once per iteration.
    ///
    /// # Errors
    /// Any; the iterations after it are not run.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # struct Version;
    /// # impl Subtest for Version {
    /// fn run_once(&mut self, ctx: &mut Context) -> Outcome {
    ///     ctx.docker(["version"]).must_pass()?;
    ///     Ok(())
    /// }
    /// # }
    /// ```
    fn run_once(&mut self, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// After each iteration: checks of what `run_once` has seen.
    ///
    /// # Errors
    /// Any; the iterations after it are not run.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// struct Start {
    ///     seconds: Vec<f64>,
    /// }
    ///
    /// impl Subtest for Start {
    ///     fn run_once(&mut self, ctx: &mut Context) -> Outcome {
    ///         let seen = ctx.docker(["run", "--rm", "busybox", "true"]).must_pass()?;
    ///         self.seconds.push(seen.duration.as_secs_f64());
    ///         Ok(())
    ///     }
    ///
    ///     fn postprocess_iteration(&mut self, ctx: &mut Context) -> Outcome {
    ///         ctx.keyval("start_seconds", self.seconds.last().copied().unwrap_or_default());
    ///         Ok(())
    ///     }
    /// }
    /// ```
    fn postprocess_iteration(&mut self, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// After the last iteration: checks of the whole.
    ///
    /// # Errors
    /// Any.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// struct Start {
    ///     seconds: Vec<f64>, // one of each iteration
    /// }
    ///
    /// impl Subtest for Start {
    ///     fn postprocess(&mut self, ctx: &mut Context) -> Outcome {
    ///         let worst = self.seconds.iter().copied().fold(0.0, f64::max);
    ///         let limit = ctx.section().number::<f64>("start_limit")?.unwrap_or(10.0);
    ///         check!(worst <= limit, "a container starts within {limit} s, the slowest took {worst} s");
    ///         Ok(())
    ///     }
    /// }
    /// ```
    fn postprocess(&mut self, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// Always, whatever happened before. The context's guards run after it, also when it fails.
    ///
    /// # Errors
    /// Any; `ERROR` if nothing failed before (a warning is no failure), otherwise it is logged and the first failure
    /// stands.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # struct Create;
    /// # impl Subtest for Create {
    /// fn run_once(&mut self, ctx: &mut Context) -> Outcome {
    ///     let container = ctx.unique_name("test");
    ///     ctx.keep("container", &container)?;
    ///     ctx.docker(["create", "--name", &container, "busybox"]).must_pass()?;
    ///     Ok(())
    /// }
    ///
    /// fn cleanup(&mut self, ctx: &mut Context) -> Outcome {
    ///     if let Some(container) = ctx.kept::<String>("container")? {
    ///         ctx.docker(["rm", "--force", &container]).must_pass()?;
    ///     }
    ///     Ok(())
    /// }
    /// # }
    /// ```
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
///
/// ```
/// use dockertest::prelude::*;
///
/// #[derive(Default)]
/// struct Kill {
///     container: String,
/// }
///
/// impl Subtest for Kill {
///     fn initialize(&mut self, ctx: &mut Context) -> Outcome {
///         self.container = ctx.unique_name("test");
///         Ok(())
///     }
/// }
///
/// #[derive(Default)]
/// struct Sigstop;
///
/// impl SubSubtest<Kill> for Sigstop {
///     fn initialize(&mut self, kill: &mut Kill, ctx: &mut Context) -> Outcome {
///         ctx.docker(["run", "--detach", "--name", &kill.container, "busybox", "sleep", "60"]).must_pass()?;
///         Ok(())
///     }
///
///     fn run_once(&mut self, kill: &mut Kill, ctx: &mut Context) -> Outcome {
///         ctx.docker(["kill", "--signal", "STOP", &kill.container]).must_pass()?;
///         Ok(())
///     }
///
///     fn postprocess(&mut self, kill: &mut Kill, ctx: &mut Context) -> Outcome {
///         let top = ctx.docker(["top", &kill.container, "-o", "stat"]).must_pass()?;
///         check!(top.stdout_text().contains('T'), "the process is stopped");
///         Ok(())
///     }
///
///     fn cleanup(&mut self, kill: &mut Kill, ctx: &mut Context) -> Outcome {
///         ctx.docker(["rm", "--force", &kill.container]).must_pass()?;
///         Ok(())
///     }
/// }
/// dockertest::subtest!(Kill, "Checks what `docker kill` promises.", sequential { sigstop: Sigstop });
/// ```
pub trait SubSubtest<P> {
    /// Before everything else.
    ///
    /// # Errors
    /// Any; the phases after it are skipped, but for `cleanup`.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # struct Kill { container: String }
    /// # struct Sigstop;
    /// # impl SubSubtest<Kill> for Sigstop {
    /// fn initialize(&mut self, kill: &mut Kill, ctx: &mut Context) -> Outcome {
    ///     kill.container = ctx.unique_name("test"); // a name of this sub-subtest's own
    ///     ctx.docker(["run", "--detach", "--name", &kill.container, "busybox", "sleep", "60"]).must_pass()?;
    ///     Ok(())
    /// }
    /// # }
    /// ```
    fn initialize(&mut self, _parent: &mut P, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// The test itself.
    ///
    /// # Errors
    /// As for `initialize`.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # struct Kill { container: String }
    /// # struct Sigstop;
    /// # impl SubSubtest<Kill> for Sigstop {
    /// fn run_once(&mut self, kill: &mut Kill, ctx: &mut Context) -> Outcome {
    ///     for signal in ctx.section().list("signals") { // its own section's, else the parent's
    ///         ctx.docker(["kill", "--signal", &signal, &kill.container]).must_pass()?;
    ///     }
    ///     Ok(())
    /// }
    /// # }
    /// ```
    fn run_once(&mut self, _parent: &mut P, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// Checks of what `run_once` has seen.
    ///
    /// # Errors
    /// As for `initialize`.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # struct Kill { container: String }
    /// # struct Sigstop;
    /// # impl SubSubtest<Kill> for Sigstop {
    /// fn postprocess(&mut self, kill: &mut Kill, ctx: &mut Context) -> Outcome {
    ///     let running = ctx.docker(["inspect", "--format", "{{.State.Running}}", &kill.container]).must_pass()?;
    ///     let running = running.stdout_text();
    ///     check_eq!(running.trim(), "true", "whether the container runs after SIGSTOP");
    ///     Ok(())
    /// }
    /// # }
    /// ```
    fn postprocess(&mut self, _parent: &mut P, _ctx: &mut Context) -> Outcome {
        Ok(())
    }

    /// Always, whatever happened before.
    ///
    /// # Errors
    /// Any; `ERROR` if nothing failed before, otherwise it is logged and the first failure stands.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # struct Kill { container: String }
    /// # struct Sigstop;
    /// # impl SubSubtest<Kill> for Sigstop {
    /// fn cleanup(&mut self, _kill: &mut Kill, ctx: &mut Context) -> Outcome {
    ///     // What was kept under this name by this sub-subtest, not by its siblings:
    ///     if let Some(container) = ctx.kept::<String>("container")? {
    ///         ctx.docker(["rm", "--force", &container]).must_pass()?;
    ///     }
    ///     Ok(())
    /// }
    /// # }
    /// ```
    fn cleanup(&mut self, _parent: &mut P, _ctx: &mut Context) -> Outcome {
        Ok(())
    }
}
