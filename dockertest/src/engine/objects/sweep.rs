//! Removal of what bears our labels and whose owner is gone.

use std::collections::HashMap;
use std::time::Duration;

use crate::engine::objects::guard::remove_container;
use crate::engine::objects::label::{self, Owner};
use crate::engine::{Api, ApiFailure, Object};

/// How long the engine may take for one removal.
const LIMIT: Duration = Duration::from_secs(60);

type Labels = HashMap<String, String>;

/// What a sweep leaves alone, although its owner is gone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spared {
    /// The run that is going on.
    pub(crate) run: String,
    /// Its steps that will clean up by themselves, or go on.
    pub(crate) steps: Vec<String>,
    /// `preserve_cnames`
    pub(crate) containers: Vec<String>,
    /// `preserve_fqins`
    pub(crate) images: Vec<String>,
}

impl Spared {
    fn has(&self, object: &Object, labels: &Labels) -> bool {
        let is_listed = match object {
            Object::Container(name) => self.containers.contains(name),
            Object::Image(name) => self.images.contains(name),
            Object::Volume(_) | Object::Network(_) => false,
        };
        let is_own = labels.get(label::RUN) == Some(&self.run);
        is_listed || (is_own && labels.get(label::STEP).is_some_and(|step| self.steps.contains(step)))
    }
}

/// Removes what runs of this machine left in an engine whose process has ended. Gives back in words what was done.
pub(crate) fn sweep(address: &str, spared: &Spared) -> Vec<String> {
    // The facts of the engine tell already that it does not answer.
    let Ok(api) = Api::connect(address, LIMIT) else { return Vec::new() };
    let is_left = |object: &Object, labels: &Labels| {
        let owner = labels.get(label::OWNER).and_then(|owner| owner.parse::<Owner>().ok());
        owner.is_some_and(|owner| owner.is_gone()) && !spared.has(object, labels)
    };
    match remove_labelled(&api, &[label::OWNER.to_owned()], &is_left) {
        Ok((removed, left)) => {
            let removed = removed.into_iter().map(|object| format!("removed {object}, which an earlier run left"));
            removed.chain(left).collect()
        }
        Err(failure) => vec![format!("cannot look for what earlier runs left: {failure}")],
    }
}

/// Removes what bears all of these labels and is chosen by them: containers first, then what they use. Gives back what
/// was removed, and what could not be, with the reason.
pub(crate) fn remove_labelled(
    api: &Api,
    labels: &[String],
    chosen: &dyn Fn(&Object, &Labels) -> bool,
) -> Result<(Vec<Object>, Vec<String>), ApiFailure> {
    let mut removal = Removal { chosen, removed: Vec::new(), left: Vec::new() };
    for container in api.containers_with(labels)? {
        let id = container.id.unwrap_or_default();
        let name = container.names.and_then(|names| names.into_iter().next()).unwrap_or_else(|| id.clone());
        let object = Object::Container(name.trim_start_matches('/').to_owned());
        removal.take(object, &container.labels.unwrap_or_default(), || remove_container(api, &id, true));
    }
    for image in api.images_with(labels)? {
        let names = if image.repo_tags.is_empty() { vec![image.id] } else { image.repo_tags };
        for name in names {
            let object = Object::Image(name.clone());
            removal.take(object, &image.labels, || api.remove_image(&name, false).map(drop));
        }
    }
    for network in api.networks_with(labels)? {
        let (id, name) = (network.id.unwrap_or_default(), network.name.unwrap_or_default());
        let object = Object::Network(name);
        removal.take(object, &network.labels.unwrap_or_default(), || api.remove_network(&id).map(drop));
    }
    for volume in api.volumes_with(labels)? {
        let object = Object::Volume(volume.name.clone());
        removal.take(object, &volume.labels, || api.remove_volume(&volume.name).map(drop));
    }
    Ok((removal.removed, removal.left))
}

struct Removal<'c> {
    chosen: &'c dyn Fn(&Object, &Labels) -> bool,
    removed: Vec<Object>,
    left: Vec<String>,
}

impl Removal<'_> {
    fn take(&mut self, object: Object, labels: &Labels, remove: impl FnOnce() -> Result<(), ApiFailure>) {
        // Images inherit the labels of the container or image that they are made of; an engine may not know the filter.
        if !labels.contains_key(label::RUN) || labels.contains_key(label::KEEP) || !(self.chosen)(&object, labels) {
            return;
        }
        match remove() {
            Ok(()) => self.removed.push(object),
            Err(failure) => self.left.push(format!("{object} cannot be removed: {failure}")),
        }
    }
}
