//! What is there in and around an engine, to be compared with what is there later.
//!
//! Needs the feature `api`.

mod machine;
mod removal;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::engine::objects::{label, ledger};
use crate::engine::{Api, ApiFailure, Object, Place};
use crate::host::protocol::History;

pub use removal::remove;

/// Within the folder that the steps of a run share.
const FILE: &str = "inventory.json";

/// What can be left over.
///
/// ```
/// use dockertest::engine::inventory::Sort;
/// assert_eq!(Sort::Containers.to_string(), "container");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Sort {
    /// Containers.
    Containers,
    /// Names of images.
    Images,
    /// Images without a name.
    Nones,
    /// Volumes.
    Volumes,
    /// Networks.
    Networks,
    /// Mount points, where the daemon lives and here.
    Mounts,
    /// Processes of a step, and those that an engine has for containers that are gone.
    Processes,
}

impl std::fmt::Display for Sort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Sort::Containers => "container",
            Sort::Images => "image",
            Sort::Nones => "image without a name",
            Sort::Volumes => "volume",
            Sort::Networks => "network",
            Sort::Mounts => "mount point",
            Sort::Processes => "process",
        })
    }
}

/// Something that is there. Its id is unique among its sort.
///
/// ```
/// use dockertest::engine::inventory::Item;
///
/// let item = Item { id: "4c01db0b339c".to_owned(), name: "test-kill-5f3a09c1".to_owned(), ..Item::default() };
/// assert_eq!(item.to_string(), "test-kill-5f3a09c1");
/// ```
// Tests build it with `..Item::default()`, which leaves room for more: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Item {
    /// What tells it from all others.
    pub id: String,
    /// What people call it; its id if it has no name.
    pub name: String,
    /// The run that made it, by its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The step that made it, by its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Whether somebody wished that it stays, by its label.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

impl Item {
    fn labelled(id: String, name: String, labels: &HashMap<String, String>) -> Item {
        let label = |name: &str| labels.get(name).cloned();
        Item { id, name, run: label(label::RUN), step: label(label::STEP), kept: labels.contains_key(label::KEEP) }
    }
}

impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// What is there in an engine, and around it.
///
/// ```no_run
/// use dockertest::engine::inventory::{Inventory, Sort};
/// use dockertest::prelude::*;
///
/// fn run_once(ctx: &mut Context) -> Outcome {
///     let before = Inventory::take(&*ctx.api()?, None, ctx.history())?;
///     let name = ctx.volume_name("test");
///     ctx.docker(["volume", "create", &name]).must_pass()?;
///     let after = Inventory::take(&*ctx.api()?, None, ctx.history())?;
///     check_eq!(after.since(&before, Sort::Volumes).len(), 1, "the number of new volumes");
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inventory(BTreeMap<Sort, Vec<Item>>);

impl Inventory {
    /// Looks around: four requests to the engine, and what the kernel tells of its processes and mounts if `place` says
    /// where it lives.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::engine::inventory::Inventory;
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let place = ctx.place().ok();
    /// let inventory = Inventory::take(&*ctx.api()?, place.as_ref(), ctx.history())?;
    /// # let _ = inventory;
    /// # Ok(()) }
    /// ```
    pub fn take(api: &Api, place: Option<&Place>, history: &History) -> Result<Inventory, ApiFailure> {
        let containers: Vec<Item> = api.containers(true)?.into_iter().map(container).collect();
        let (named, nones) = images(api)?;
        let volume = |volume: bollard::models::Volume| {
            Item::labelled(volume.name.clone(), volume.name, &volume.labels.into_iter().collect())
        };
        let volumes = api.volumes()?.into_iter().map(volume).collect();
        let network = |network: bollard::models::Network| {
            let (id, name) = (network.id.unwrap_or_default(), network.name.unwrap_or_default());
            Item::labelled(id, name, &network.labels.unwrap_or_default())
        };
        let networks = api.networks()?.into_iter().map(network).collect();
        let known: BTreeSet<&str> = containers.iter().map(|item| item.id.as_str()).collect();
        let processes = machine::processes(place, history, &known);
        let mounts = machine::mounts(place);
        Ok(Inventory(BTreeMap::from([
            (Sort::Containers, containers),
            (Sort::Images, named),
            (Sort::Nones, nones),
            (Sort::Volumes, volumes),
            (Sort::Networks, networks),
            (Sort::Mounts, mounts),
            (Sort::Processes, processes),
        ])))
    }

    /// All of a sort.
    ///
    /// ```
    /// # use dockertest::engine::inventory::{Inventory, Sort};
    /// assert!(Inventory::default().of(Sort::Images).is_empty());
    /// ```
    #[must_use]
    pub fn of(&self, sort: Sort) -> &[Item] {
        self.0.get(&sort).map_or(&[], Vec::as_slice)
    }

    /// What was not there before.
    ///
    /// ```
    /// # use dockertest::engine::inventory::{Inventory, Sort};
    /// let nothing = Inventory::default();
    /// assert!(nothing.since(&nothing, Sort::Containers).is_empty());
    /// ```
    #[must_use]
    pub fn since(&self, before: &Inventory, sort: Sort) -> Vec<Item> {
        let known: BTreeSet<&str> = before.of(sort).iter().map(|item| item.id.as_str()).collect();
        self.of(sort).iter().filter(|item| !known.contains(item.id.as_str())).cloned().collect()
    }

    /// Forgets something that was removed.
    ///
    /// ```
    /// # use dockertest::engine::inventory::{Inventory, Sort};
    /// let mut inventory = Inventory::default();
    /// inventory.forget(Sort::Volumes, "data");
    /// assert_eq!(inventory, Inventory::default());
    /// ```
    pub fn forget(&mut self, sort: Sort, id: &str) {
        if let Some(items) = self.0.get_mut(&sort) {
            items.retain(|item| item.id != id);
        }
    }

    /// The inventory that an earlier step of this run kept; nothing if none did.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    ///
    /// ```
    /// use dockertest::engine::inventory::Inventory;
    /// use dockertest::host::protocol::History;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let history = History::new(folder.path());
    /// assert_eq!(Inventory::kept(&history)?, None);
    /// Inventory::default().keep(&history)?;
    /// assert_eq!(Inventory::kept(&history)?, Some(Inventory::default()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn kept(history: &History) -> io::Result<Option<Inventory>> {
        match fs::read(history.shared().join(FILE)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps it for later steps of this run.
    ///
    /// # Errors
    /// When it cannot be written.
    ///
    /// ```no_run
    /// # use dockertest::engine::inventory::Inventory;
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, inventory: Inventory) -> Outcome {
    /// inventory.keep(ctx.history())?;
    /// # Ok(()) }
    /// ```
    pub fn keep(&self, history: &History) -> io::Result<()> {
        let folder = history.shared();
        fs::create_dir_all(&folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        io::Write::write_all(&mut file, &serde_json::to_vec(self)?)?;
        file.persist(folder.join(FILE))?;
        Ok(())
    }
}

/// What a step has promised to remove and not removed yet, by its list; its folder is named as in
/// [`History::previous`].
///
/// # Errors
/// When there is a list that cannot be read.
///
/// ```
/// use dockertest::engine::inventory::promised;
///
/// let folder = tempfile::tempdir()?;
/// assert!(promised(folder.path(), "docker/subtests/docker_cli/kill.test_1-of-2")?.is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn promised(results: &Path, step: &str) -> io::Result<Vec<Object>> {
    let left = ledger::Ledger::in_folder(&results.join(step)).left()?;
    Ok(left.into_iter().map(|entry| entry.object).collect())
}

fn container(found: bollard::models::ContainerSummary) -> Item {
    let id = found.id.unwrap_or_default();
    let name = found.names.and_then(|names| names.into_iter().next()).unwrap_or_else(|| id.clone());
    Item::labelled(id, name.trim_start_matches('/').to_owned(), &found.labels.unwrap_or_default())
}

/// The names of images, and the images without one.
fn images(api: &Api) -> Result<(Vec<Item>, Vec<Item>), ApiFailure> {
    let (mut named, mut nones) = (Vec::new(), Vec::new());
    for image in api.images()? {
        let labels = image.labels;
        let (mut names, mut digests) = (image.repo_tags, image.repo_digests);
        names.retain(|name| name != "<none>:<none>");
        digests.retain(|name| !name.starts_with("<none>@"));
        let names = if names.is_empty() { digests } else { names };
        if names.is_empty() {
            nones.push(Item::labelled(image.id.clone(), image.id, &labels));
            continue;
        }
        // A name that goes over to another image is new.
        let named_item = |name: String| Item::labelled(format!("{name} {}", image.id), name, &labels);
        named.extend(names.into_iter().map(named_item));
    }
    Ok((named, nones))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(names: &[&str]) -> Inventory {
        let item = |name: &&str| Item { id: format!("id of {name}"), name: (*name).to_owned(), ..Item::default() };
        Inventory(BTreeMap::from([(Sort::Volumes, names.iter().map(item).collect())]))
    }

    #[test]
    fn what_is_new_is_told_by_its_id() {
        let (before, mut after) = (inventory(&["a", "b"]), inventory(&["b", "c"]));
        let new = after.since(&before, Sort::Volumes);
        assert_eq!(new.iter().map(ToString::to_string).collect::<Vec<_>>(), ["c"]);
        after.forget(Sort::Volumes, "id of c");
        assert!(after.since(&before, Sort::Volumes).is_empty());
    }

    #[test]
    fn an_inventory_is_read_as_it_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let history = History { results: folder.path().to_owned(), ..History::default() };
        let kept = inventory(&["a"]);
        kept.keep(&history).unwrap();
        assert_eq!(Inventory::kept(&history).unwrap(), Some(kept));
        fs::write(history.shared().join(FILE), "{").unwrap();
        assert!(Inventory::kept(&history).is_err());
    }
}
