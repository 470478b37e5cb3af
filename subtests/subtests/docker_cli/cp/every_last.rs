//! Many files of a container.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::Container;
use dockertest::prelude::*;
use serde::Deserialize;

use super::tree::{Item, Tree};
use super::{Cp, copy};
use crate::md5sum::md5sum;

/// How long the container may take to list its files.
const LIST_LIMIT: Duration = Duration::from_secs(120);

/// Makes folders, and lists all files and links: MD5 sums first, then permissions, then where links lead.
const SCRIPT: &str = r#"
i=0
while [ $i -lt "$1" ]; do
    mkdir -p "/every_last/folder $i"
    echo "first $i" > "/every_last/folder $i/1st"
    echo "last $i" > "/every_last/folder $i/last file"
    chmod $((600 + 11 * (i % 5))) "/every_last/folder $i/last file"
    ln -s "last file" "/every_last/folder $i/link"
    i=$((i + 1))
done
find / -xdev -type f -exec md5sum {} +
echo =
find / -xdev -type f -exec stat -c '%a %n' {} +
echo =
find / -xdev -type l | while read -r link; do echo "$link"; readlink "$link"; done
echo READY
"#;

/// The options of `[docker_cli/cp/every_last]`.
#[derive(Deserialize)]
struct Options {
    #[serde(with = "types::list")]
    exclude_paths: Vec<String>,
    #[serde(with = "types::flag")]
    exclude_symlinks: bool,
    max_files: usize,
}

/// Copies the last file of each folder.
#[derive(Default)]
pub(super) struct EveryLast {
    container: Option<Container>,
    chosen: Vec<(String, Expected)>,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    File { mode: u32, sum: String },
    Link(String),
}

impl SubSubtest<Cp> for EveryLast {
    fn initialize(&mut self, _cp: &mut Cp, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let folders = options.max_files.to_string();
        // An init would be one more file that is not the image's.
        let container = ctx
            .container()
            .command(["/bin/sh", "-c", SCRIPT, "list", &folders])
            .with(|_, host| host.init = Some(false))
            .start()?;
        container.wait_exit(LIST_LIMIT)?;
        let listed = container.logs()?;
        if !listed.stdout_text().ends_with("READY\n") {
            let reason = format!("the image's programs cannot list its files: {}", listed.stderr_text().trim());
            return Err(NotApplicable::because(reason).into());
        }
        self.chosen = options.choose(files_of(&listed.stdout_text()));
        let enough = self.chosen.len() >= options.max_files;
        check!(enough, "there are {} files to copy, only {} are", options.max_files, self.chosen.len());
        self.container = Some(container);
        Ok(())
    }

    fn run_once(&mut self, _cp: &mut Cp, ctx: &mut Context) -> Outcome {
        let Some(container) = &self.container else { return Ok(()) };
        for (place, (path, expected)) in self.chosen.iter().enumerate() {
            let folder = ctx.tmp().join(place.to_string());
            fs::create_dir(&folder)?;
            let source = format!("{}:{path}", container.name());
            let seen = copy(ctx, &[&source, &folder.display().to_string()])?;
            let name = path.rsplit('/').next().unwrap_or_default();
            let tree = Tree::of_folder(&folder)?;
            // The sum is all that is known of the content, so it is put in its place.
            let described = match expected {
                Expected::Link(target) => Tree::new([(name, Item::Link(target.clone()))]).to_string(),
                Expected::File { mode, sum } => match fs::read(folder.join(name)) {
                    Ok(content) if md5sum(&content) == *sum => {
                        Tree::new([(name, Item::File(*mode, content))]).to_string()
                    }
                    _ => format!("{name}: file, mode {mode:04o}, MD5 {sum}\n"),
                },
            };
            seen.check_eq(tree, described, format!("what was copied of {path}"))?;
            fs::remove_dir_all(&folder)?;
        }
        ctx.info(format!("{} files were copied", self.chosen.len()));
        Ok(())
    }
}

impl Options {
    /// The last file of each folder, up to the number that is wanted.
    fn choose(&self, files: BTreeMap<String, Expected>) -> Vec<(String, Expected)> {
        let is_excluded = |path: &str| {
            let below = |prefix: &String| {
                let prefix = prefix.trim_matches('"').trim_end_matches('/');
                path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            self.exclude_paths.iter().any(below)
        };
        let mut last = BTreeMap::new();
        for (path, file) in files {
            let is_link = matches!(file, Expected::Link(_));
            // Names with a backslash are written in another way by `md5sum`.
            if is_excluded(&path) || is_link && self.exclude_symlinks || path.contains('\\') {
                continue;
            }
            if let Some((folder, _)) = path.rsplit_once('/') {
                last.insert(folder.to_owned(), (path, file));
            }
        }
        last.into_values().take(self.max_files).collect()
    }
}

/// What the container has listed.
fn files_of(text: &str) -> BTreeMap<String, Expected> {
    let mut parts = text.split("=\n");
    let mut part = || parts.next().unwrap_or_default().lines();
    let sums: BTreeMap<&str, &str> =
        part().filter_map(|line| line.split_once("  ")).map(|(sum, path)| (path, sum)).collect();
    let modes = part().filter_map(|line| line.split_once(' '));
    let files = modes.filter_map(|(mode, path)| {
        let file = Expected::File { mode: u32::from_str_radix(mode, 8).ok()?, sum: (*sums.get(path)?).to_owned() };
        Some((path.to_owned(), file))
    });
    let mut found: BTreeMap<String, Expected> = files.collect();
    let mut lines = part();
    while let (Some(path), Some(target)) = (lines.next(), lines.next()) {
        found.insert(path.to_owned(), Expected::Link(target.to_owned()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_file_of_each_folder_is_chosen() {
        let text = "s1  /a/x y\ns2  /a/z\ns3  /b/c\ns4  /tmp/t\n=\n640 /a/x y\n600 /a/z\n4755 /b/c\n644 /tmp/t\n=\n/a/zz\nz\nREADY\n";
        let options =
            |exclude_symlinks| Options { exclude_paths: vec!["\"/tmp\"".to_owned()], exclude_symlinks, max_files: 9 };
        let file = |mode, sum: &str| Expected::File { mode, sum: sum.to_owned() };
        let c = ("/b/c".to_owned(), file(0o4755, "s3"));
        let chosen = options(true).choose(files_of(text));
        assert_eq!(chosen, [("/a/z".to_owned(), file(0o600, "s2")), c.clone()]);
        let chosen = options(false).choose(files_of(text));
        assert_eq!(chosen, [("/a/zz".to_owned(), Expected::Link("z".to_owned())), c]);
    }
}
