//! This machine and the engine that is configured: the environment when there is no other.

use std::num::NonZeroUsize;
use std::path::Path;

use super::{DisposeFailure, Instance, Provider, ProvisionFailure};
use crate::host::{CancelToken, HostProgram};

/// This machine, with the engine that is configured. There is one, nothing is made, and nothing is taken down.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shared;

impl Provider for Shared {
    fn name(&self) -> &'static str {
        "shared"
    }

    fn is_here(&self) -> bool {
        true
    }

    fn at_most(&self) -> Option<NonZeroUsize> {
        Some(NonZeroUsize::MIN)
    }

    fn provision(
        &self,
        _count: NonZeroUsize,
        _cancel: &CancelToken,
    ) -> Result<Vec<Box<dyn Instance>>, ProvisionFailure> {
        Ok(vec![Box::new(Shared)])
    }
}

impl Instance for Shared {
    fn id(&self) -> &str {
        self.name()
    }

    fn host(&self, program: &HostProgram, _folder: &Path) -> HostProgram {
        program.clone()
    }

    fn dispose(self: Box<Self>) -> Result<(), DisposeFailure> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_started_as_it_is() {
        let instances = Shared.provision(NonZeroUsize::MIN, &CancelToken::new().unwrap()).unwrap();
        let program = HostProgram::new("/usr/bin/host");
        assert_eq!(instances.len(), 1);
        assert_eq!(instances[0].host(&program, Path::new("/results")), program);
    }
}
