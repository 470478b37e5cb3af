//! A root of its own for the namespaces: all programs of this machine are seen in it, and nothing that is written in it
//! stays.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root, sethostname};

use super::hierarchies::Hierarchy;
use super::plan::{DataFrom, Disk, Room};
use super::search_path;
use super::template;

/// Where a disk of limited size is mounted, below the folder in which the root is put together.
pub(crate) const MOUNTED_DISK: &str = "disk";

/// What the host's name may have.
const NAME_BYTES: usize = 64;

const NO_PROGRAMS: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV).union(MsFlags::MS_NOEXEC);

/// Makes the room and goes into it. This process must have a mount, uts and cgroup namespace of its own already, and be
/// in the groups.
pub(super) fn enter(room: &Room, name: &str, base: &Path, hierarchies: &[Hierarchy]) -> Result<(), String> {
    let size = room.scratch_bytes;
    in_memory(base, 0o755, size)?;
    if let Some(disk) = &room.disk {
        open_disk(disk, &base.join(MOUNTED_DISK))?;
    }
    let root = stack(room, base)?;
    chdir(&root).map_err(|error| format!("cannot enter {}: {error}", root.display()))?;
    kernel_views()?;
    in_memory(Path::new("run"), 0o755, size)?;
    make("run/lock", 0o755)?;
    in_memory(Path::new("tmp"), 0o1777, size)?;
    for data in &room.data {
        let place = within(&data.place);
        match &data.from {
            DataFrom::Memory { bytes } => in_memory(place, 0o711, *bytes)?,
            DataFrom::Disk { folder } => {
                make(folder, 0o711)?;
                make(place, 0o711)?;
                attach(Some(folder), place, None, MsFlags::MS_BIND, None)?;
            }
        }
    }
    // Keys, certificates and settings of this machine's engine are none of this one's.
    if Path::new("etc/docker").is_dir() {
        in_memory(Path::new("etc/docker"), 0o755, size)?;
    }
    cgroup_view(hierarchies)?;
    for (path, content) in &room.files {
        write(within(path), content).map_err(|error| format!("cannot write {} inside: {error}", path.display()))?;
    }
    if let Some(template) = &room.template {
        template::lay(&template.folder, within(&template.place), Path::new("run"))?;
    }
    pivot_root(".", ".").map_err(|error| format!("cannot change the root: {error}"))?;
    // The old root lies upon the new one now.
    umount2(".", MntFlags::MNT_DETACH).map_err(|error| format!("cannot leave the old root: {error}"))?;
    chdir("/").map_err(|error| format!("cannot enter the new root: {error}"))?;
    let name = &name[..name.len().min(NAME_BYTES)];
    sethostname(name).map_err(|error| format!("cannot set the host's name: {error}"))
}

/// What lies below, and a layer in memory that takes what is written.
fn stack(room: &Room, base: &Path) -> Result<PathBuf, String> {
    let [upper, work, root] = ["upper", "work", "root"].map(|name| base.join(name));
    for folder in [&upper, &work, &root] {
        make(folder, 0o755)?;
    }
    let mut lower: Vec<Vec<u8>> = Vec::with_capacity(room.lower.len());
    for (number, path) in room.lower.iter().enumerate() {
        let folder =
            if path.is_dir() { path.clone() } else { open_image(path, &base.join(format!("image-{number}")))? };
        lower.push(escaped(&folder));
    }
    let mut options = b"lowerdir=".to_vec();
    options.extend(lower.join(&b':'));
    options.extend(b",upperdir=");
    options.extend(escaped(&upper));
    options.extend(b",workdir=");
    options.extend(escaped(&work));
    let options = OsString::from_vec(options);
    mount(Some("overlay"), &root, Some("overlay"), MsFlags::empty(), Some(options.as_os_str()))
        .map_err(|error| format!("cannot lay a root over {}: {error}", options.display()))?;
    Ok(root)
}

/// Mounts a file with a file system in it. The loop device that it needs is found and given back by the system's own
/// program for that.
fn open_image(image: &Path, place: &Path) -> Result<PathBuf, String> {
    make(place, 0o755)?;
    succeed("mount", image, &["-o".as_ref(), "loop,ro".as_ref(), image.as_os_str(), place.as_os_str()])?;
    Ok(place.to_owned())
}

/// Makes a file system of that size in a file, which takes no more of the disk than what is written to it, and mounts it.
/// It need not survive anything, so it keeps no journal.
fn open_disk(disk: &Disk, place: &Path) -> Result<(), String> {
    let file = disk.folder.join("disk");
    File::create(&file)
        .and_then(|file| file.set_len(disk.bytes))
        .map_err(|error| format!("cannot make {}: {error}", file.display()))?;
    let options = "-q -F -t ext4 -m 0 -O ^has_journal,^resize_inode -E lazy_itable_init=1,nodiscard";
    let options: Vec<&OsStr> = options.split(' ').map(OsStr::new).chain([file.as_os_str()]).collect();
    succeed("mke2fs", &file, &options).map_err(|problem| {
        format!("{problem}; without a limit of the engine's data (`capsule_data_mib = 0`), or with data in memory, it is not needed")
    })?;
    make(place, 0o755)?;
    succeed("mount", &file, &["-o".as_ref(), "loop".as_ref(), file.as_os_str(), place.as_os_str()])
}

/// Runs a program of the system's, for a file or folder that is named when it fails.
pub(super) fn succeed(program: &str, what: &Path, arguments: &[&OsStr]) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments).env("PATH", search_path()).stdin(Stdio::null());
    let what = what.display();
    let done = command.output().map_err(|error| format!("cannot start `{program}` for {what}: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("`{program}` failed for {what}: {}", said.trim().replace('\n', "; ")))
}

/// `/proc`, `/sys`, `/dev`.
fn kernel_views() -> Result<(), String> {
    attach(Some(Path::new("proc")), Path::new("proc"), Some("proc"), NO_PROGRAMS, None)?;
    attach(Some(Path::new("sysfs")), Path::new("sys"), Some("sysfs"), NO_PROGRAMS, None)?;
    attach(Some(Path::new("/dev")), Path::new("dev"), None, MsFlags::MS_BIND | MsFlags::MS_REC, None)?;
    let shared = Path::new("dev/shm");
    if shared.is_dir() {
        attach(
            Some(Path::new("tmpfs")),
            shared,
            Some("tmpfs"),
            MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
            Some("mode=1777"),
        )?;
    }
    let queues = Path::new("dev/mqueue");
    if queues.is_dir() {
        attach(Some(Path::new("mqueue")), queues, Some("mqueue"), NO_PROGRAMS, None)?;
    }
    Ok(())
}

/// The hierarchies as the cgroup namespace shows them: each begins with our own group.
fn cgroup_view(hierarchies: &[Hierarchy]) -> Result<(), String> {
    let place = Path::new("sys/fs/cgroup");
    if let [Hierarchy { controllers: None, .. }] = hierarchies {
        attach(Some(Path::new("cgroup2")), place, Some("cgroup2"), NO_PROGRAMS, None)?;
    } else {
        attach(Some(Path::new("cgroup")), place, Some("tmpfs"), NO_PROGRAMS, Some("mode=755"))?;
    }
    for hierarchy in hierarchies {
        let (Some(folder), Some(options)) = (hierarchy.folder(), hierarchy.options()) else { continue };
        let at = place.join(folder);
        make(&at, 0o755)?;
        attach(Some(Path::new("cgroup")), &at, Some("cgroup"), NO_PROGRAMS, Some(&options))?;
        // `cpu,cpuacct` is `cpu` and `cpuacct`, too.
        for part in folder.split(',').filter(|part| *part != folder) {
            symlink(folder, place.join(part)).map_err(|error| format!("cannot make {part}: {error}"))?;
        }
    }
    hierarchies.iter().try_for_each(|hierarchy| {
        hierarchy.hand_on(place).map_err(|error| format!("cannot hand on what the group controls: {error}"))
    })
}

fn in_memory(place: &Path, mode: u32, bytes: u64) -> Result<(), String> {
    make(place, mode)?;
    let options = format!("mode={mode:o},size={bytes}");
    attach(Some(Path::new("tmpfs")), place, Some("tmpfs"), MsFlags::empty(), Some(&options))
}

pub(super) fn attach(
    what: Option<&Path>,
    place: &Path,
    kind: Option<&str>,
    flags: MsFlags,
    options: Option<&str>,
) -> Result<(), String> {
    mount(what, place, kind, flags, options).map_err(|error| {
        let what = kind.map_or_else(|| what.unwrap_or(place).display().to_string(), str::to_owned);
        format!("cannot mount {what} on /{}: {error}", place.display())
    })
}

/// A path from the root as one from the working folder.
fn within(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

fn make(folder: impl AsRef<Path>, mode: u32) -> Result<(), String> {
    let folder = folder.as_ref();
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)
        .map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}

/// A path among the options of an overlay, where `:`, `,` and `\` mean something.
pub(super) fn escaped(path: &Path) -> Vec<u8> {
    let escape = |byte: &u8| if b":,\\".contains(byte) { vec![b'\\', *byte] } else { vec![*byte] };
    path.as_os_str().as_bytes().iter().flat_map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_told_with_what_it_was_for() {
        let folder = Path::new("/no/such/folder");
        let failed =
            succeed("cp", folder, &["-a".as_ref(), folder.as_os_str(), "/no/such/place".as_ref()]).unwrap_err();
        assert!(failed.starts_with("`cp` failed for /no/such/folder: cp: "), "{failed}");
        let missing = succeed("no-such-program", folder, &[]).unwrap_err();
        assert!(missing.starts_with("cannot start `no-such-program` for /no/such/folder: "), "{missing}");
    }

    #[test]
    fn paths_among_options_are_escaped() {
        assert_eq!(escaped(Path::new("/a:b,c\\d")), b"/a\\:b\\,c\\\\d");
        assert_eq!(within(Path::new("/var/lib")), Path::new("var/lib"));
        assert_eq!(within(Path::new("var")), Path::new("var"));
    }
}
