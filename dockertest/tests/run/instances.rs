//! A provider for tests: its instances are this machine with one more variable in the environment of hosts.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex};

use dockertest::environment::{DisposeFailure, Instance, Provider, ProvisionFailure};
use dockertest::host::{CancelToken, HostProgram};

/// The variable that names the instance.
pub(crate) const VARIABLE: &str = "TEST_INSTANCE";

/// What the instances are like, and what has become of them.
#[derive(Debug, Default)]
pub(crate) struct Instances {
    pub(crate) for_one_step: bool,
    pub(crate) at_most: Option<NonZeroUsize>,
    /// How many can be made before making one fails; nothing: any number.
    pub(crate) fails_after: Option<usize>,
    /// Where a file with the name of an instance tells that it is broken.
    pub(crate) broken: Option<std::path::PathBuf>,
    /// Instances that stay when they are disposed of.
    pub(crate) sticky: bool,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    /// How many each call asked for.
    pub(crate) calls: Vec<usize>,
    pub(crate) made: Vec<String>,
    /// Those that each call disposed of.
    pub(crate) disposed: Vec<Vec<String>>,
    pub(crate) alive: BTreeSet<String>,
    /// The most that were alive at a time.
    pub(crate) most: usize,
    pub(crate) left_before: Vec<String>,
}

#[derive(Debug)]
struct One {
    name: String,
    broken: Option<std::path::PathBuf>,
    seen: Arc<Mutex<Seen>>,
}

impl Instances {
    pub(crate) fn for_one_step() -> Instances {
        Instances { for_one_step: true, ..Instances::default() }
    }

    pub(crate) fn watch(&self) -> Arc<Mutex<Seen>> {
        Arc::clone(&self.seen)
    }
}

impl Provider for Instances {
    fn name(&self) -> &'static str {
        "test"
    }

    fn at_most(&self) -> Option<NonZeroUsize> {
        self.at_most
    }

    fn is_for_one_step(&self) -> bool {
        self.for_one_step
    }

    fn provision(&self, count: NonZeroUsize, _: &CancelToken) -> Result<Vec<Box<dyn Instance>>, ProvisionFailure> {
        let mut seen = self.seen.lock().unwrap();
        seen.calls.push(count.get());
        if self.fails_after.is_some_and(|most| seen.made.len() + count.get() > most) {
            return Err(ProvisionFailure::new("the test has no more of them", Vec::new()));
        }
        let mut instances: Vec<Box<dyn Instance>> = Vec::new();
        for _ in 0..count.get() {
            let name = format!("{}-{}", std::process::id(), seen.made.len());
            seen.made.push(name.clone());
            seen.alive.insert(name.clone());
            instances.push(Box::new(One { name, broken: self.broken.clone(), seen: Arc::clone(&self.seen) }));
        }
        seen.most = seen.most.max(seen.alive.len());
        Ok(instances)
    }

    fn dispose(&self, instances: Vec<Box<dyn Instance>>) -> Vec<DisposeFailure> {
        let names: Vec<String> = instances.iter().map(|instance| instance.id().to_owned()).collect();
        self.seen.lock().unwrap().disposed.push(names.clone());
        if self.sticky {
            return names.into_iter().map(|name| DisposeFailure::new(name, "it sticks")).collect();
        }
        instances.into_iter().filter_map(|instance| instance.dispose().err()).collect()
    }

    fn dispose_left(&self, names: &[String]) -> Vec<DisposeFailure> {
        self.seen.lock().unwrap().left_before.extend(names.iter().cloned());
        Vec::new()
    }
}

impl Instance for One {
    fn id(&self) -> &str {
        &self.name
    }

    fn host(&self, program: &HostProgram, _: &Path) -> HostProgram {
        let variable = OsString::from(format!("{VARIABLE}={}", self.name));
        let words = [variable, program.path.clone().into_os_string()];
        HostProgram::new("/usr/bin/env").arguments(words.into_iter().chain(program.arguments.iter().cloned()))
    }

    fn problem(&self) -> Option<String> {
        let folder = self.broken.as_ref()?;
        folder.join(&self.name).exists().then(|| "somebody broke it".to_owned())
    }

    fn dispose(self: Box<Self>) -> Result<(), DisposeFailure> {
        assert!(self.seen.lock().unwrap().alive.remove(&self.name), "{} was disposed of twice", self.name);
        Ok(())
    }
}
