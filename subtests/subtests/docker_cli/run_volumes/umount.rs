//! What the hook `oci-umount` hides from containers.

use std::fs;
use std::path::Path;

use dockertest::prelude::*;

use super::RunVolumes;
use super::template::run;

/// What the hook is to hide.
const CONFIGURATION: &str = "/etc/oci-umount.conf";

/// Looks for mounts that must be hidden.
#[derive(Default)]
pub(super) struct Umount;

impl SubSubtest<RunVolumes> for Umount {
    fn run_once(&mut self, _parent: &mut RunVolumes, ctx: &mut Context) -> Outcome {
        let entries = entries()?;
        let root = engine_root(ctx)?;
        let name = ctx.container_name("umount");
        let volumes = ["--rm", "--volume=/:/rootfs", &format!("--volume={root}:{root}")].map(str::to_owned);
        let command = ["cat", "/proc/mounts"].map(str::to_owned).to_vec();
        let seen = ctx.docker(run(ctx, &name, volumes.to_vec(), command)?).must_pass()?.clean()?;
        let text = seen.stdout_text().into_owned();
        let mounted: Vec<&str> = text.lines().filter_map(|line| line.split(' ').nth(1)).collect();
        seen.check(!mounted.is_empty(), "the container has mounts")?;
        let shown = not_hidden(&mounted, &entries.iter().map(String::as_str).collect::<Vec<_>>());
        seen.check_eq(shown.join("\n"), "", format!("mounts that {CONFIGURATION} hides"))
    }
}

/// Mounts the engine's own folder for the device mapper.
#[derive(Default)]
pub(super) struct Bug1472121;

impl SubSubtest<RunVolumes> for Bug1472121 {
    fn run_once(&mut self, _parent: &mut RunVolumes, ctx: &mut Context) -> Outcome {
        entries()?;
        let folder = format!("{}/devicemapper", engine_root(ctx)?);
        if !ctx.place()?.path(&folder).is_dir() {
            return Err(NotApplicable::because(format!("the engine has no {folder}")).into());
        }
        let name = ctx.container_name("umount");
        let volumes = vec!["--rm".to_owned(), format!("--volume={folder}:{folder}")];
        ctx.docker(run(ctx, &name, volumes, vec!["true".to_owned()])?).must_pass()?.clean()?.prints("")?;
        Ok(())
    }
}

/// Where the engine keeps its files.
fn engine_root(ctx: &Context) -> Outcome<String> {
    let info = ctx.api()?.info()?;
    Ok(info.get("DockerRootDir").cloned().unwrap_or_else(|| "/var/lib/docker".to_owned()))
}

/// What the hook is told to hide.
fn entries() -> Outcome<Vec<String>> {
    if !Path::new(CONFIGURATION).exists() {
        return Err(NotApplicable::because(format!("needs the hook oci-umount: there is no {CONFIGURATION}")).into());
    }
    let text = fs::read_to_string(CONFIGURATION)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let entries: Vec<String> = lines.map(str::to_owned).collect();
    if entries.is_empty() {
        return Err(NotApplicable::because(format!("{CONFIGURATION} hides nothing")).into());
    }
    Ok(entries)
}

/// The mounts that have an entry in their path. With `/*` at the end of an entry only what is below may not be there.
fn not_hidden<'m>(mounted: &[&'m str], entries: &[&str]) -> Vec<&'m str> {
    let is_hidden = |path: &str| entries.iter().any(|entry| path.contains(entry.strip_suffix('*').unwrap_or(entry)));
    mounted.iter().copied().filter(|path| is_hidden(path)).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const USUAL: [&str; 3] = ["/var/lib/docker/overlay2", "/var/lib/docker/devicemapper", "/var/lib/docker-latest/*"];

    #[rstest]
    #[case::nothing(&[], &USUAL, &[])]
    #[case::no_entries(&["/", "/proc"], &[], &[])]
    #[case::apart(&["/a", "/b"], &["/c", "/d"], &[])]
    #[case::common(&["/a", "/b"], &["/b", "/d"], &["/b"])]
    #[case::usual(&["/", "/rootfs", "/rootfs/proc", "/etc/hosts"], &USUAL, &[])]
    #[case::below_another(
        &["/", "/rootfs", "/rootfs/var/lib/docker/devicemapper"], &USUAL, &["/rootfs/var/lib/docker/devicemapper"]
    )]
    #[case::star_allows_the_folder(&["/var/lib/docker-latest"], &USUAL, &[])]
    #[case::star_hides_what_is_below(&["/var/lib/docker-latest/x"], &USUAL, &["/var/lib/docker-latest/x"])]
    fn what_is_not_hidden_is_found(#[case] mounted: &[&str], #[case] entries: &[&str], #[case] shown: &[&str]) {
        assert_eq!(not_hidden(mounted, entries), shown);
    }
}
