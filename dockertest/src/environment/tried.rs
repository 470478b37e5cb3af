//! A provider that has shown that it works: its first instance is there before anybody wants one.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{DisposeFailure, Instance, Provider, ProvisionFailure};
use crate::host::CancelToken;

/// A provider with its first instance made beforehand. Only by making one is it seen whether there can be any, and then it
/// need not be made again.
///
/// ```
/// use std::sync::Arc;
///
/// use dockertest::environment::{Provider, Shared, Tried};
/// use dockertest::host::CancelToken;
///
/// let provider = Tried::new(Arc::new(Shared), &CancelToken::new()?)?;
/// assert_eq!(provider.name(), "shared");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Tried {
    provider: Arc<dyn Provider>,
    ready: Mutex<Vec<Box<dyn Instance>>>,
}

impl Tried {
    /// Has the provider make an instance.
    ///
    /// # Errors
    /// Why there can be none.
    pub fn new(provider: Arc<dyn Provider>, cancel: &CancelToken) -> Result<Tried, ProvisionFailure> {
        let ready = Mutex::new(provider.provision(NonZeroUsize::MIN, cancel)?);
        Ok(Tried { provider, ready })
    }

    fn take(&self, most: usize) -> Vec<Box<dyn Instance>> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        let most = most.min(ready.len());
        ready.drain(..most).collect()
    }
}

impl Provider for Tried {
    fn name(&self) -> &'static str {
        self.provider.name()
    }

    fn at_most(&self) -> Option<NonZeroUsize> {
        self.provider.at_most()
    }

    fn is_here(&self) -> bool {
        self.provider.is_here()
    }

    fn is_for_one_step(&self) -> bool {
        self.provider.is_for_one_step()
    }

    fn provision(&self, count: NonZeroUsize, cancel: &CancelToken) -> Result<Vec<Box<dyn Instance>>, ProvisionFailure> {
        let mut instances = self.take(count.get());
        if let Some(missing) = NonZeroUsize::new(count.get() - instances.len()) {
            match self.provider.provision(missing, cancel) {
                Ok(more) => instances.extend(more),
                // What there is can be used.
                Err(failure) if instances.is_empty() || !failure.left().is_empty() => {
                    let kept = self.dispose(instances).into_iter().map(|failure| failure.instance().to_owned());
                    let left = failure.left().iter().cloned().chain(kept).collect();
                    return Err(ProvisionFailure::new(failure.reason(), left));
                }
                Err(_) => {}
            }
        }
        Ok(instances)
    }

    fn list(
        &self,
        count: NonZeroUsize,
        cancel: &CancelToken,
        ask: &mut dyn FnMut(&dyn Instance, Duration),
    ) -> Result<(), ProvisionFailure> {
        self.provider.list(count, cancel, ask)
    }

    fn dispose(&self, instances: Vec<Box<dyn Instance>>) -> Vec<DisposeFailure> {
        self.provider.dispose(instances)
    }

    fn dispose_left(&self, names: &[String]) -> Vec<DisposeFailure> {
        self.provider.dispose_left(names)
    }
}

impl Drop for Tried {
    fn drop(&mut self) {
        // A run that ended before its first step has no use for it.
        let unused = self.take(usize::MAX);
        if !unused.is_empty() {
            drop(self.provider.dispose(unused));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::host::HostProgram;

    /// Makes three in all.
    #[derive(Debug, Default)]
    struct Three(Mutex<(usize, Vec<String>)>);

    #[derive(Debug)]
    struct One(String);

    impl Provider for Three {
        fn name(&self) -> &'static str {
            "three"
        }

        fn provision(&self, count: NonZeroUsize, _: &CancelToken) -> Result<Vec<Box<dyn Instance>>, ProvisionFailure> {
            let mut state = self.0.lock().unwrap();
            if state.0 + count.get() > 3 {
                return Err(ProvisionFailure::new("no more than three", Vec::new()));
            }
            let numbers = state.0..state.0 + count.get();
            state.0 += count.get();
            Ok(numbers.map(|number| Box::new(One(number.to_string())) as Box<dyn Instance>).collect())
        }

        fn dispose(&self, instances: Vec<Box<dyn Instance>>) -> Vec<DisposeFailure> {
            self.0.lock().unwrap().1.extend(instances.iter().map(|instance| instance.id().to_owned()));
            Vec::new()
        }
    }

    impl Instance for One {
        fn id(&self) -> &str {
            &self.0
        }

        fn host(&self, program: &HostProgram, _: &Path) -> HostProgram {
            program.clone()
        }

        fn dispose(self: Box<Self>) -> Result<(), DisposeFailure> {
            Ok(())
        }
    }

    fn count(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    #[test]
    fn the_first_one_is_given_out_first_and_made_once() {
        let (three, cancel) = (Arc::new(Three::default()), CancelToken::new().unwrap());
        let tried = Tried::new(three.clone(), &cancel).unwrap();
        assert_eq!(three.0.lock().unwrap().0, 1);
        let given: Vec<String> =
            tried.provision(count(2), &cancel).unwrap().iter().map(|one| one.id().to_owned()).collect();
        assert_eq!((given, three.0.lock().unwrap().0), (vec!["0".to_owned(), "1".to_owned()], 2));
        assert_eq!(tried.provision(count(2), &cancel).unwrap_err().to_string(), "no more than three");
        drop(tried);
        assert_eq!(three.0.lock().unwrap().1, Vec::<String>::new());
    }

    #[test]
    fn what_nobody_wanted_is_disposed_of() {
        let (three, cancel) = (Arc::new(Three::default()), CancelToken::new().unwrap());
        drop(Tried::new(three.clone(), &cancel).unwrap());
        assert_eq!(three.0.lock().unwrap().1, ["0"]);
    }

    #[test]
    fn what_there_is_can_be_used_when_no_more_can_be_made() {
        let (three, cancel) = (Arc::new(Three::default()), CancelToken::new().unwrap());
        let tried = Tried::new(three.clone(), &cancel).unwrap();
        assert_eq!(tried.provision(count(8), &cancel).unwrap().len(), 1);
        three.0.lock().unwrap().0 = 3;
        assert_eq!(Tried::new(three, &cancel).unwrap_err().to_string(), "no more than three");
    }
}
