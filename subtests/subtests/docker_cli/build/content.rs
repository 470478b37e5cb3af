//! Single instructions, and what comes of them in the image.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use dockertest::engine::Container;
use dockertest::prelude::*;
use regex::RegexBuilder;
use serde::Deserialize;

use super::checks::as_configured;
use super::order::{Before, Built, Order};
use super::sources::{chain, changed_copy};
use super::transcript::Builder;
use super::{Build, Options};

/// What a shell in a container may need to end.
const END_LIMIT: Duration = Duration::from_secs(60);

/// A build that must be good, print nothing, and leave one image.
fn silent(build: &Build, ctx: &mut Context, order: &Order) -> Outcome<Built> {
    let before = Before::note(ctx)?;
    let built = order.build(build, ctx)?;
    let base = ctx.image()?;
    let more = before.more(ctx, &base, &[&built.seen])?;
    built.must_be_good(ctx, &[], order.options.enable_nonprintables_check)?;
    built.must_have_left(&more, 0, 1)?;
    as_configured(ctx, &order.options.postproc_cmd_csv, &built, &more)?;
    Ok(built)
}

/// What is listed is left out.
#[derive(Default)]
pub(super) struct DockerIgnore;

/// Where the four instructions copy the context to.
const COPIES: [&str; 4] = ["/add_dot", "/copy_dot", "/add_root", "/copy_root"];

/// All that is in each copy: the path and, of files with one, the content.
const KEPT: [(&str, &str); 4] = [
    ("Dockerfile", ""),
    ("not_ignored_dir", ""),
    ("not_ignored_dir/not_ignored_file", "5c3e7c0e-50a1-4a3c-8f0c-6a0ccf2f8e61\n"),
    ("not_ignored_file", "d7a1b2f4-3a51-4b55-9a1d-1f8c2d0e7b93\n"),
];

impl SubSubtest<Build> for DockerIgnore {
    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        let order = Order::of_section(ctx)?;
        let built = silent(build, ctx, &order)?;
        let container = built.container(ctx)?;
        for copy in COPIES {
            let paths = paths(ctx, &container, copy)?;
            let expected: BTreeSet<String> = KEPT.iter().map(|(path, _)| (*path).to_owned()).collect();
            built.seen.check_eq(lines(&paths), lines(&expected), format!("what is in {copy}"))?;
            for (path, content) in KEPT.iter().filter(|(_, content)| !content.is_empty()) {
                built.must_hold(&container, &format!("{copy}/{path}"), content)?;
            }
        }
        Ok(())
    }
}

fn lines(paths: &BTreeSet<String>) -> String {
    paths.iter().map(|path| format!("{path}\n")).collect()
}

/// The paths below a folder of a container.
fn paths(ctx: &Context, container: &Container, folder: &str) -> Outcome<BTreeSet<String>> {
    let archive = ctx.api()?.get_archive(container.id(), folder)?;
    let mut paths = BTreeSet::new();
    for entry in tar::Archive::new(archive.as_slice()).entries()? {
        let path = entry?.path()?.display().to_string();
        let below =
            path.trim_start_matches("./").trim_end_matches('/').split_once('/').map(|(_, below)| below.to_owned());
        paths.extend(below);
    }
    Ok(paths)
}

/// A port that a container of the image publishes.
#[derive(Default)]
pub(super) struct Expose;

impl SubSubtest<Build> for Expose {
    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        let order = Order::of_section(ctx)?;
        let built = silent(build, ctx, &order)?;
        let exposed = built.image.clone().and_then(|image| image.config).and_then(|config| config.exposed_ports);
        built.seen.check_eq(format!("{:?}", exposed.unwrap_or_default()), "[\"8080/tcp\"]", "the exposed ports")?;
        let name = ctx.container_name("expose");
        let mut words: Vec<String> = ["run", "--interactive", "--publish-all", "--name"].map(str::to_owned).to_vec();
        words.push(name.clone());
        words.extend(ctx.labels());
        words.extend([built.name.clone(), "sh".to_owned()]);
        let mut shell = ctx.docker(words).spawn()?;
        shell.write_stdin(b"echo READY\n")?;
        shell.wait_ready()?;
        let seen = ctx.docker(["port", &name]).must_pass()?;
        let bound = bound_ports(ctx, &name)?;
        seen.check(!bound.is_empty(), "the engine has bound the port 8080/tcp")?;
        // Older clients write an address of IPv6 without brackets.
        let shown = |line: &str| line.replace("-> :::", "-> [::]:");
        let shown: BTreeSet<String> = seen.stdout_text().lines().map(shown).collect();
        seen.check_eq(lines(&shown), lines(&bound), "the ports that are shown")?;
        shell.write_stdin(b"exit\n")?;
        shell.close_stdin();
        shell.wait(END_LIMIT)?.must_pass()?;
        Ok(())
    }
}

/// What the engine says of the port, as the command line shows it.
fn bound_ports(ctx: &Context, name: &str) -> Outcome<BTreeSet<String>> {
    let ports = ctx.api()?.container(name)?.and_then(|container| container.network_settings);
    let ports = ports.and_then(|settings| settings.ports).unwrap_or_default();
    let bound =
        ports.into_iter().filter(|(port, _)| port == "8080/tcp").flat_map(|(_, bound)| bound.unwrap_or_default());
    Ok(bound
        .map(|bound| {
            let address = bound.host_ip.filter(|address| !address.is_empty()).unwrap_or_else(|| "0.0.0.0".to_owned());
            let address = if address.contains(':') { format!("[{address}]") } else { address };
            format!("8080/tcp -> {address}:{}", bound.host_port.unwrap_or_default())
        })
        .collect())
}

/// A file from an address.
#[derive(Default)]
pub(super) struct AddUrl;

/// The options of its section.
#[derive(Debug, Deserialize)]
struct Address {
    fileurl: String,
    filepath: String,
    fileregex: String,
}

impl SubSubtest<Build> for AddUrl {
    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let address: Address = ctx.config()?;
        let served = ctx.tmp().join("served");
        std::fs::create_dir_all(&served)?;
        // Something that only this build can have fetched.
        let content = format!("TERMS AND CONDITIONS FOR COPYING\n{}\n", ctx.unique_name("content"));
        std::fs::write(served.join("LICENSE"), &content)?;
        let server = ctx.file_server(&served)?;
        let url = if address.fileurl.is_empty() { server.url("LICENSE") } else { address.fileurl.clone() };
        let place = options.dockerfile_dir_path.trim_start_matches('/');
        let change = |text: &str| text.replace("@FILEURL@", &url).replace("@FILEPATH@", &address.filepath);
        let order = changed_copy(ctx, place, change)?;
        let built = silent(build, ctx, &order)?;
        let container = built.container(ctx)?;
        if address.fileurl.is_empty() {
            built.must_hold(&container, &address.filepath, &content)?;
            let asked = server.requests();
            built
                .seen
                .check(asked.iter().any(|asked| asked == "GET /LICENSE"), format!("the file is fetched: {asked:?}"))?;
        }
        let text = container.file(&address.filepath)?.unwrap_or_default();
        let regex = RegexBuilder::new(&address.fileregex).multi_line(true).build()?;
        let promise = format!("{} matches `{}`", address.filepath, address.fileregex);
        built.seen.check(regex.is_match(&String::from_utf8_lossy(&text)), promise)?;
        let archive = ctx.api()?.get_archive(container.id(), &address.filepath)?;
        let mut archive = tar::Archive::new(archive.as_slice());
        let mode = match archive.entries()?.next() {
            Some(entry) => entry?.header().mode()? & 0o777,
            None => 0,
        };
        built.seen.check_eq(format!("{mode:o}"), "600", "the mode of a file from an address")
    }
}

/// Volumes as a list in JSON.
#[derive(Default)]
pub(super) struct JsonVol;

const VOLUMES: [&str; 3] = ["/foo", "/foo/bar", "/usr/local/lib/baz"];

impl SubSubtest<Build> for JsonVol {
    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        let order = Order::of_section(ctx)?;
        let built = silent(build, ctx, &order)?;
        let volumes = built.image.clone().and_then(|image| image.config).and_then(|config| config.volumes);
        let mut volumes = volumes.unwrap_or_default();
        volumes.sort();
        built.seen.check_eq(volumes.join(" "), VOLUMES.join(" "), "the image's volumes")?;
        let container = ctx
            .container()
            .image(&built.name)
            .command(["/bin/sh", "-c", "for d in /foo /foo/bar /usr/local/lib/baz; do cd $d && pwd; done"])
            .start()?;
        let status = container.wait_exit(END_LIMIT)?;
        let shown = container.logs()?.stdout_text();
        built.seen.check_eq(shown.trim().replace('\n', " "), VOLUMES.join(" "), "the folders that can be entered")?;
        built.seen.check_eq(status, 0, "the status of a shell that enters them")
    }
}

/// Instructions that wait for a build from the image.
#[derive(Default)]
pub(super) struct OnBuild;

impl SubSubtest<Build> for OnBuild {
    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let paths = ["dockerfile_dir_path", "dockerfile_dir_path2", "dockerfile_dir_path3"];
        let place = |option: &&str| ctx.section().get(option).unwrap_or_default().trim_start_matches('/').to_owned();
        let places: Vec<String> = paths.iter().map(place).collect();
        let before = Before::note(ctx)?;
        let built = chain(build, ctx, &places)?;
        let base = ctx.image()?;
        let seen: Vec<&Completed> = built.iter().map(|built| &built.seen).collect();
        let more = before.more(ctx, &base, &seen)?;
        let printed: [&[&str]; 3] = [&["First!"], &["Schazam!", "Second!"], &["Third!"]];
        for (built, printed) in built.iter().zip(printed) {
            built.must_be_good(ctx, printed, options.enable_nonprintables_check)?;
        }
        let waiting = |built: &Built| {
            let config = built.image.clone().and_then(|image| image.config);
            config.and_then(|config| config.on_build).unwrap_or_default().join("; ")
        };
        let expected = ["RUN echo \"Schazam!\"", "", ""];
        // Podman's API does not tell what waits; what the next build prints is all that is seen of it there.
        let told = if build.builder == Builder::Podman { 0 } else { expected.len() };
        for (built, expected) in built.iter().zip(expected).take(told) {
            built.seen.check_eq(waiting(built), expected, format!("what waits for a build from {}", built.name))?;
        }
        let Some(last) = built.last() else { return Ok(()) };
        last.must_have_left(&more, 0, 3)?;
        as_configured(ctx, &options.postproc_cmd_csv, last, &more)
    }
}

/// The name of a file in a path.
pub(super) fn file_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
}
