//! How many containers and images there are.

use std::collections::BTreeSet;

use dockertest::engine::Api;
use dockertest::prelude::*;
use serde_json::Value;

use super::shown::Shown;

/// How often both sides are asked until nobody made or removed anything in between.
const ATTEMPTS: u32 = 30;

/// What the engine has, by its API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counts {
    /// The ids and states of all containers.
    containers: BTreeSet<(String, String)>,
    images: BTreeSet<String>,
}

impl Counts {
    pub(super) fn of(api: &Api) -> Outcome<Self> {
        let containers = api.containers(true)?.into_iter().map(|container| {
            let state = container.state.map_or(String::new(), |state| state.to_string());
            (container.id.unwrap_or_default(), state)
        });
        let images = api.all_images()?.into_iter().map(|image| image.id);
        Ok(Counts { containers: containers.collect(), images: images.collect() })
    }

    fn in_state(&self, states: &[&str]) -> usize {
        self.containers.iter().filter(|(_, state)| states.contains(&state.as_str())).count()
    }

    /// All of them, in words.
    pub(super) fn all(&self) -> String {
        format!("{} containers, {} images", self.containers.len(), self.images.len())
    }

    /// Whether both outputs have these counts.
    pub(super) fn check(&self, shown: &Shown) -> Outcome {
        let running = self.in_state(&["running", "restarting"]);
        let paused = self.in_state(&["paused"]);
        shown.check_count("Containers", "Containers", self.containers.len())?;
        shown.check_count("Containers/Running", "ContainersRunning", running)?;
        shown.check_count("Containers/Paused", "ContainersPaused", paused)?;
        shown.check_count("Containers/Stopped", "ContainersStopped", self.containers.len() - running - paused)?;
        shown.check_count("Images", "Images", self.images.len())
    }

    /// The same for what podman shows.
    pub(super) fn check_podman(&self, json: &Completed, data: &Value) -> Outcome {
        let store = &data["store"];
        let (running, paused) = (self.in_state(&["running"]), self.in_state(&["paused"]));
        let stopped = self.in_state(&["exited", "created", "stopped"]);
        let all = self.containers.len();
        for (path, expected) in [("number", all), ("running", running), ("paused", paused), ("stopped", stopped)] {
            let seen = &store["containerStore"][path];
            json.check_eq(seen, expected, format!("`store.containerStore.{path}` in the data"))?;
        }
        json.check_eq(&store["imageStore"]["number"], self.images.len(), "`store.imageStore.number` in the data")
    }
}

/// What is shown, and what was there before and after that. Others may use the engine, so it is tried again until both
/// are the same; nothing if they never are.
pub(super) fn at_rest(api: &Api, docker: &dyn Fn(&[&str]) -> Command) -> Outcome<(Shown, Option<Counts>)> {
    let mut before = Counts::of(api)?;
    let mut attempts = 0;
    loop {
        let shown = Shown::ask(docker)?;
        let after = Counts::of(api)?;
        if after == before {
            return Ok((shown, Some(after)));
        }
        attempts += 1;
        if attempts == ATTEMPTS {
            return Ok((shown, None));
        }
        before = after;
    }
}
