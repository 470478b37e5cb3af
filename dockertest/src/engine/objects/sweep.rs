//! Removal of what bears our labels and whose owner is gone.

use std::collections::HashMap;

use crate::engine::objects::guard::remove_container;
use crate::engine::objects::label;
use crate::engine::{Api, ApiFailure, Object};

type Labels = HashMap<String, String>;

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
