//! What an engine of our own is to be like.

use std::path::PathBuf;

use serde_json::{Map, Value};

/// What an engine of our own is to be like: the program, its settings, where its log goes.
///
/// ```
/// use dockertest::engine::daemon::DaemonOptions;
/// use serde_json::json;
///
/// let options = DaemonOptions::new()
///     .setting("debug", true)
///     .setting("labels", json!(["rack=7"]))
///     .log("/tmp/results/engine.log");
/// assert_eq!(options.settings["labels"][0], "rack=7");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DaemonOptions {
    /// The engine's program; a name without a slash is searched for in `PATH` and the system's folders.
    pub program: PathBuf,
    /// Settings by the names that they have in `daemon.json`. A relative `data-root` is a folder in memory.
    pub settings: Map<String, Value>,
    /// The file that the log is added to. Without one the log is gone with the engine.
    pub log: Option<PathBuf>,
}

impl Default for DaemonOptions {
    fn default() -> Self {
        DaemonOptions::new()
    }
}

impl DaemonOptions {
    /// `dockerd`, in memory, without rules in the packet filter, otherwise as it comes.
    ///
    /// ```
    /// # use dockertest::engine::daemon::DaemonOptions;
    /// assert_eq!(DaemonOptions::new().program.to_str(), Some("dockerd"));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        DaemonOptions { program: PathBuf::from("dockerd"), settings: Map::new(), log: None }
    }

    /// The same with another program.
    ///
    /// ```
    /// # use dockertest::engine::daemon::DaemonOptions;
    /// let options = DaemonOptions::new().program("/opt/docker-28/bin/dockerd");
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// The same with a setting of `daemon.json`.
    ///
    /// ```
    /// # use dockertest::engine::daemon::DaemonOptions;
    /// let options = DaemonOptions::new().setting("storage-driver", "vfs").setting("max-concurrent-uploads", 2);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// The same with a log that is kept.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # use dockertest::engine::daemon::DaemonOptions;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let options = DaemonOptions::new().log(ctx.output().join("engine.log"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn log(mut self, file: impl Into<PathBuf>) -> Self {
        self.log = Some(file.into());
        self
    }
}
