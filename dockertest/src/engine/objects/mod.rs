//! What a step makes in the engine, and the promise that it is gone afterwards.
//!
//! Whatever a step makes is written down in its [ledger] before it is made, and bears [labels](label) where the engine
//! has them. It is removed at the end of the step, the last one first; if the step's process was killed, by the process
//! that cleans up after it; if the runner was killed too, by `resume` or by the [next run](sweep). Nothing is touched
//! that is not in the ledger and has no label of ours.

mod container;
mod guard;
pub(crate) mod label;
pub(crate) mod ledger;
mod life;
mod sweep;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::config::Section;
use crate::engine::Api;
use crate::engine::facts::CLIENT_OPTIONS;
use crate::engine::fixtures::test_image;
use crate::journal::EngineFacts;
use crate::subtest::{Context, Outcome};

pub use container::{Container, Fixture};
pub(crate) use guard::remove_left_over;
pub use ledger::Object;
pub use life::Life;
#[cfg(feature = "runner")]
pub(crate) use sweep::{Spared, sweep};

/// How long the engine may take to answer.
const API_LIMIT: Duration = Duration::from_secs(60);

/// What a step's process knows about the engine and what it made there.
#[derive(Debug)]
pub(crate) struct Objects {
    connections: RefCell<Vec<Rc<Api>>>,
    /// Test images that are known to be there, by address and name.
    images: RefCell<BTreeSet<(String, String)>>,
    ledger: ledger::Ledger,
    owner: label::Owner,
}

impl Objects {
    pub(crate) fn in_folder(output: &Path) -> Objects {
        Objects {
            connections: RefCell::default(),
            images: RefCell::default(),
            ledger: ledger::Ledger::in_folder(output),
            owner: label::Owner::parent(),
        }
    }
}

impl Context {
    /// The engine's API: a kept connection to the engine that [`docker`](Self::docker) talks to.
    ///
    /// # Errors
    /// `ERROR` when the engine does not answer.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, name: &str) -> Outcome {
    /// ctx.docker(["rm", name]).must_pass()?;
    /// check!(ctx.api()?.container(name)?.is_none(), "the container is removed");
    /// # Ok(()) }
    /// ```
    pub fn api(&self) -> Outcome<Rc<Api>> {
        self.api_at(&self.engine_address())
    }

    /// The kept connection to the engine at an address.
    pub(crate) fn api_at(&self, address: &str) -> Outcome<Rc<Api>> {
        let kept = &self.shared().objects.connections;
        if let Some(api) = kept.borrow().iter().find(|api| api.address() == address) {
            return Ok(Rc::clone(api));
        }
        let shared = self.shared();
        let start = Instant::now();
        let api = Api::connect(address, API_LIMIT)?;
        shared.spent.request(start.elapsed());
        let (is_off, spent) = (Rc::clone(&shared.cleaning_up), Rc::clone(&shared.spent));
        let api = Rc::new(api.watching(shared.cancel.clone(), is_off, spent));
        kept.borrow_mut().push(Rc::clone(&api));
        Ok(api)
    }

    /// Where the engine is that commands of this section talk to: where the runner asked it, if it did so with the same
    /// options. Podman needs no service for its commands, so the runner starts one and tells where it is.
    pub(crate) fn engine_address(&self) -> String {
        let options = self.section().get("docker_options").unwrap_or_default();
        let asked = |engine: &&EngineFacts| engine.facts.get(CLIENT_OPTIONS).is_some_and(|asked| asked == options);
        match self.engine().filter(asked) {
            Some(engine) => engine.address.clone(),
            None => Api::address_of_options(options),
        }
    }

    /// The full name of the test image that this section's options name, which the engine is made to have.
    ///
    /// # Errors
    /// When it is not there and cannot be made.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let image = ctx.image()?;
    /// ctx.docker(["run", "--rm", &image, "true"]).must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn image(&self) -> Outcome<String> {
        let name = self.test_image_name();
        let api = self.api()?;
        let key = (api.address().to_owned(), name.clone());
        if !self.shared().objects.images.borrow().contains(&key) {
            test_image::ensure(&api, &name)?;
            self.shared().objects.images.borrow_mut().insert(key);
        }
        Ok(name)
    }

    /// The full name of the test image that this section's options name, whether it is there or not; see
    /// [`image`](Self::image).
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let is_there = ctx.api()?.image(&ctx.test_image_name())?.is_some();
    /// # let _ = is_there;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn test_image_name(&self) -> String {
        test_image_of(self.section())
    }

    /// A container that a test needs around it, not the one that it is about: made through the API, without a network,
    /// with an init that ends it at once when it is told to, and removed after the step.
    ///
    /// ```no_run
    /// # use std::time::{Duration, Instant};
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx.container().command(["sh", "-c", "echo READY; sleep 1000"]).start()?;
    /// container.wait_log("READY", Duration::from_secs(60))?;
    /// ctx.docker(["kill", container.name()]).must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn container(&mut self) -> Fixture<'_> {
        Fixture::new(self)
    }
}

/// The full name of the test image that a section's options name.
pub(crate) fn test_image_of(section: &Section) -> String {
    let option = |name| section.get(name).filter(|value| !value.is_empty());
    let parts = [option("docker_registry_host"), option("docker_registry_user"), option("docker_repo_name")];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
    option("docker_repo_tag").map_or(name.clone(), |tag| format!("{name}:{tag}"))
}
