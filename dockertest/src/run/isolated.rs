//! A provider whose instances are for one step each, made of one whose instances are used again.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::environment::{DisposeFailure, Instance, Provider, ProvisionFailure};
use crate::host::CancelToken;

/// The instances of another provider, each for one step.
#[derive(Debug)]
pub(super) struct Isolated(pub(super) Arc<dyn Provider>);

impl Provider for Isolated {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn at_most(&self) -> Option<NonZeroUsize> {
        self.0.at_most()
    }

    fn is_for_one_step(&self) -> bool {
        true
    }

    fn provision(&self, count: NonZeroUsize, cancel: &CancelToken) -> Result<Vec<Box<dyn Instance>>, ProvisionFailure> {
        self.0.provision(count, cancel)
    }

    fn list(
        &self,
        count: NonZeroUsize,
        cancel: &CancelToken,
        ask: &mut dyn FnMut(&dyn Instance, Duration),
    ) -> Result<(), ProvisionFailure> {
        self.0.list(count, cancel, ask)
    }

    fn dispose(&self, instances: Vec<Box<dyn Instance>>) -> Vec<DisposeFailure> {
        self.0.dispose(instances)
    }

    fn dispose_left(&self, names: &[String]) -> Vec<DisposeFailure> {
        self.0.dispose_left(names)
    }
}
