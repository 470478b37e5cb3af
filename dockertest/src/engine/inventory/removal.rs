//! Removal of what was left over.

use nix::mount::{MntFlags, umount2};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::engine::Api;
use crate::engine::inventory::{Item, Sort};
use crate::subtest::Outcome;

/// Removes something that an inventory has found. Whose it is has been asked before.
///
/// # Errors
/// When it cannot be removed.
///
/// ```no_run
/// use dockertest::engine::inventory::{Inventory, Sort, remove};
/// use dockertest::prelude::*;
///
/// fn remove_all_volumes(ctx: &mut Context, found: &Inventory) -> Outcome {
///     let api = ctx.api()?;
///     for volume in found.of(Sort::Volumes) {
///         remove(&api, Sort::Volumes, volume)?;
///     }
///     Ok(())
/// }
/// ```
pub fn remove(api: &Api, sort: Sort, item: &Item) -> Outcome {
    match sort {
        Sort::Containers => {
            // It may have ended already; if it has not, some engines would wait for it.
            let _ = api.kill(&item.id, "KILL");
            api.remove(&item.id)?;
        }
        Sort::Images => drop(api.remove_image(&item.name, true)?),
        Sort::Nones => drop(api.remove_image(&item.id, true)?),
        Sort::Volumes => drop(api.remove_volume(&item.id)?),
        Sort::Networks => drop(api.remove_network(&item.id)?),
        Sort::Mounts => umount2(item.id.as_str(), MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW)?,
        Sort::Processes => kill(Pid::from_raw(item.id.parse()?), Signal::SIGKILL)?,
    }
    Ok(())
}
