//! `dockertest new`

mod files;
mod name;

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::args::New;
use crate::screen::{Problem, Screen};
use crate::status;

use files::File;
use name::ModuleName;

/// What a checkout of dockertest has, and hardly anything else.
const IN_A_CHECKOUT: [&str; 3] = ["subtests/build.rs", "config_defaults/defaults.ini", "dockertest/Cargo.toml"];

pub(crate) fn new(wanted: &New, screen: &Screen) -> Result<u8, Problem> {
    let name: ModuleName = wanted.name.parse().map_err(Problem::new)?;
    let here = crate::sources::here()?;
    let checkout = here.ancestors().find(|folder| IN_A_CHECKOUT.iter().all(|file| folder.join(file).is_file()));
    let (root, files, next) = match (wanted.in_tree, wanted.plugin, checkout) {
        (true, _, None) => {
            let text = format!(
                "`{}` is not in a checkout of dockertest, so there is no tree for `{}` to stand in: go to one, or make a \
                 plug-in: dockertest new --plugin {}",
                here.display(),
                wanted.name,
                wanted.name
            );
            return Err(Problem::new(text));
        }
        (false, true, _) | (false, false, None) => {
            let dockertest = dependency(wanted.dockertest.as_deref())?;
            (here.clone(), files::plugin(&name, &dockertest), files::after_plugin(&name))
        }
        (_, _, Some(checkout)) if wanted.dockertest.is_some() => {
            let text = format!("`--dockertest` is for a plug-in; `{}` is a checkout already", checkout.display());
            return Err(Problem::new(text));
        }
        (_, _, Some(checkout)) => (checkout.to_owned(), files::in_tree(&name), files::after_in_tree(&name)),
    };
    write_all(&root, &files)?;
    let shown = |file: &File| root.strip_prefix(&here).unwrap_or(&root).join(&file.path).display().to_string();
    let written: Vec<String> = files.iter().map(|file| format!("wrote {}\n", shown(file))).collect();
    screen.output(format!("{}\nNext:\n{next}", written.concat()))?;
    Ok(status::SUCCESS)
}

/// Writes all files, or none when one of them is there already.
fn write_all(root: &Path, files: &[File]) -> Result<(), Problem> {
    let paths: Vec<PathBuf> = files.iter().map(|file| root.join(&file.path)).collect();
    if let Some(there) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        let text = format!("`{}` is there already; nothing was written (choose another name)", there.display());
        return Err(Problem::new(text));
    }
    for (path, file) in paths.iter().zip(files) {
        write(path, &file.text).map_err(|error| Problem::new(format!("cannot write `{}`: {error}", path.display())))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    // Not even what somebody else has put there meanwhile is overwritten.
    io::Write::write_all(&mut fs::File::create_new(path)?, text.as_bytes())
}

/// Where cargo finds the library: what was asked for, else the tree that this program was built from, else a version.
fn dependency(asked: Option<&str>) -> Result<String, Problem> {
    let version = || format!("version = \"{}\"", asked.unwrap_or(env!("CARGO_PKG_VERSION")));
    let built_from = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../dockertest").canonicalize();
    let folder = match asked {
        Some(asked) if asked.starts_with(|first: char| first.is_ascii_digit()) => return Ok(version()),
        Some(asked) => Path::new(asked).canonicalize().map_err(|error| {
            Problem::new(format!("`--dockertest {asked}`: {error}; expected a folder or a version"))
        })?,
        None => match built_from() {
            Ok(folder) => folder,
            Err(_) => return Ok(version()),
        },
    };
    // The checkout will do as well as the library's folder in it.
    let folder = Some(folder.join("dockertest")).filter(|below| below.join("Cargo.toml").is_file()).unwrap_or(folder);
    if !folder.join("Cargo.toml").is_file() {
        return Err(Problem::new(format!(
            "`{}` has no Cargo.toml; expected the source of dockertest",
            folder.display()
        )));
    }
    Ok(format!("path = {:?}", folder.display().to_string()))
}
