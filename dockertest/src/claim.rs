//! Folders of ours that are in use as long as somebody holds the file `lock` in them: what is left of somebody who was
//! killed is told by that.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::held::Held;

/// The file of a folder that whoever uses it holds.
pub(crate) const LOCK: &str = "lock";

/// Claims a folder that was just made.
pub(crate) fn claim(folder: &Path) -> io::Result<File> {
    // Locked before it has its name: whoever looks finds it locked.
    let unnamed = folder.join(format!("{LOCK}.new"));
    // To read, because NFS shares the lock of no file that can only be written.
    let lock = File::options().read(true).write(true).create_new(true).open(&unnamed)?;
    lock.lock_shared()?;
    fs::rename(unnamed, folder.join(LOCK))?;
    Ok(lock)
}

/// The same for one that others may use, too; nothing when it is going, or gone.
pub(crate) fn share(folder: &Path) -> Option<File> {
    let lock = File::open(folder.join(LOCK)).ok()?;
    lock.try_lock_shared().ok()?;
    is_that_of(&lock, folder).then_some(lock)
}

/// The lock, if nobody holds it. As long as it is held nobody else can take the folder for abandoned, nor use it. A
/// folder without a lock file is just being made or removed.
pub(crate) fn abandoned(folder: &Path) -> Option<Held> {
    // Where the file must not be written, the folder could not be removed either.
    let lock = Held::take(&folder.join(LOCK)).ok()??;
    // Between the two somebody else may have removed the folder, and somebody may have made one of the same name.
    is_that_of(lock.file(), folder).then_some(lock)
}

fn is_that_of(lock: &File, folder: &Path) -> bool {
    let is_same =
        |now: fs::Metadata| lock.metadata().is_ok_and(|held| (held.dev(), held.ino()) == (now.dev(), now.ino()));
    fs::metadata(folder.join(LOCK)).is_ok_and(is_same)
}
