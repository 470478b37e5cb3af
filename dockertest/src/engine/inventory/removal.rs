//! Removal of what was left over.

use nix::mount::{MntFlags, umount2};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::engine::Api;
use crate::engine::inventory::machine::process_id;
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
        Sort::Processes => kill(&item.id)?,
    }
    Ok(())
}

/// Kills a process, unless it has ended: then its number may be somebody else's.
fn kill(id: &str) -> Outcome {
    let number: u32 = id.split(':').next().unwrap_or_default().parse()?;
    let Some(pid) = i32::try_from(number).ok().and_then(Pid::from_raw) else { return Ok(()) };
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(Errno::SRCH) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    // Looked at while it is held: what has this number now keeps it until it has been killed.
    if process_id(number) != id {
        return Ok(());
    }
    match pidfd_send_signal(process, Signal::KILL) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn only_the_process_that_was_found_is_killed() {
        let mut child = Command::new("sleep").arg("100").spawn().unwrap();
        let found = process_id(child.id());
        // One that had this number before.
        kill(&format!("{}:1", child.id())).unwrap();
        assert_eq!(child.try_wait().unwrap(), None);
        kill(&found).unwrap();
        assert!(!child.wait().unwrap().success());
        kill(&found).unwrap();
    }
}
