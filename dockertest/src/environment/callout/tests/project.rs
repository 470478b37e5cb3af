//! A project with callouts, and what became of them.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::environment::callout::{Callout, records};
use crate::environment::{CalloutLimits, Callouts, Instance, Provider, ProvisionFailure};
use crate::host::protocol::{Folders, History, HostMessage, Mode, PROTOCOL, RunRequest};
use crate::host::{CancelToken, HostProgram, Step, StepEnd, StepProcess};

/// A project with a provider.
pub(super) struct Project {
    folder: tempfile::TempDir,
    told: Arc<Mutex<Vec<String>>>,
}

pub(super) const EXECUTE: &str = "echo execute $INSTANCE_ID >>calls; $COMMAND";
pub(super) const DISPOSE: &str = "echo dispose $INSTANCE_IDS >>calls";

pub(super) const GOOD: &str = r#"echo '{"ended":{"verdict":"GOOD","reason":"","seconds":0.1}}'"#;
pub(super) const MAKE: &str = "for i in $(seq $INSTANCE_COUNT); do echo i$i; done";

impl Project {
    pub(super) fn new() -> Project {
        Project { folder: tempfile::tempdir().unwrap(), told: Arc::default() }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn callouts(provision: &str) -> Callouts {
        let provision = format!("echo provision $INSTANCE_COUNT >>calls\n{provision}");
        Callouts {
            provision: Some(provision),
            execute: EXECUTE.to_owned(),
            dispose: Some(DISPOSE.to_owned()),
            ids: Vec::new(),
            limits: CalloutLimits::default(),
        }
    }

    pub(super) fn provider(&self, callouts: Callouts) -> Callout {
        let told = Arc::clone(&self.told);
        Callout::telling(callouts, self.path(), move |line| told.lock().unwrap().push(line.to_owned()))
    }

    pub(super) fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path().join("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(super) fn told(&self) -> String {
        self.told.lock().unwrap().join("\n")
    }

    /// Whether there is no record of any instance.
    pub(super) fn is_clean(&self) -> bool {
        fs::read_dir(records(self.path())).map_or(true, |mut entries| entries.next().is_none())
    }

    /// A host in a file: it lists one subtest, and what running it does is given.
    pub(super) fn host(&self, run: &str) -> HostProgram {
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
        test_needs::script(&path, &script);
        HostProgram::new(path)
    }

    /// Runs a step in an instance, as a runner does.
    pub(super) fn step(&self, instance: &dyn Instance, host: &HostProgram) -> (StepEnd, Vec<HostMessage>) {
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

pub(super) fn provision(provider: &Callout, count: usize) -> Result<Vec<Box<dyn Instance>>, ProvisionFailure> {
    provider.provision(NonZeroUsize::new(count).unwrap(), &CancelToken::new().unwrap())
}

pub(super) fn ids(instances: &[Box<dyn Instance>]) -> Vec<&str> {
    instances.iter().map(|instance| instance.id()).collect()
}
