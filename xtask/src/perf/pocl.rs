//! The shader cores beside PoCL, OpenCL on this machine's processor: the same kernels, compiled by
//! Intel's compiler for the model and by PoCL for the processor, measured by the bench `opencl`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Figures, Shown};
use crate::cli::SetupArgs;
use crate::paths::checkout;
use crate::records::Records;
use crate::{exec, ocloc, setup};

/// The kernels.
const SOURCE: &str = "softgpu/benches/opencl/kernels.cl";
/// Host threads that PoCL has, as many as the model has in the bench.
const THREADS: &str = "2";
/// What PoCL calls itself, among the reports.
const NAME: &str = "pocl";

/// What is given with its quartiles: name in the report, digits behind the point, what it is, and
/// the aim.
const ROWS: [(&str, usize, &str, &str); 9] = [
    (
        "product_gflops",
        2,
        "a product of two matrices of single floats, by tiles in local memory: GFLOPS",
        "",
    ),
    ("product_gflops_pocl", 2, "the same by PoCL", ""),
    ("product", 3, "our share of PoCL's", "at least 0.05"),
    (
        "reduction_millions",
        1,
        "a sum of 32-bit values, by local memory, barriers and an atomic: millions a second",
        "",
    ),
    ("reduction_millions_pocl", 1, "the same by PoCL", ""),
    ("reduction", 3, "our share of PoCL's", "at least 0.05"),
    (
        "launch_us",
        1,
        "a kernel that does nothing, from its submission to its end: microseconds",
        "",
    ),
    ("launch_us_pocl", 1, "the same by PoCL", ""),
    ("launch", 2, "ours, in PoCL's", "at most 3"),
];

/// Fetches PoCL and the compiler if they are missing, and runs the bench with both.
pub(super) fn measure(args: &SetupArgs) -> Result<Value> {
    let pocl = setup::pocl(args)?;
    let tools = setup::shader_tools(args)?;
    let folder = tempfile::tempdir().context("cannot create a folder for the kernels")?;
    ocloc::compile(&tools, &checkout().join(SOURCE), "", folder.path())?;
    let mut bench = pocl.command(&built()?);
    bench
        .arg("--kernels")
        .arg(folder.path().join(ocloc::OUTPUT))
        .env("POCL_CPU_MAX_CU_COUNT", THREADS);
    let output = exec::output("the bench of the shader cores and PoCL", &mut bench)?;
    serde_json::from_str(&output).context("the bench's figures are not understood")
}

/// Builds the bench.
fn built() -> Result<PathBuf> {
    let mut cargo = setup::cargo(None);
    cargo.args(["bench", "--quiet", "-p", "softgpu", "--bench", "opencl"]);
    cargo.args(["--no-run", "--message-format", "json-render-diagnostics"]);
    let output = exec::output(
        "building the bench of the shader cores and PoCL",
        &mut cargo,
    )?;
    match executable(&output) {
        Some(path) => Ok(path.into()),
        None => bail!("cargo has built the bench `opencl`, but does not say where it is"),
    }
}

/// Where the last program is that cargo says it has built.
fn executable(messages: &str) -> Option<String> {
    let message = |line: &str| serde_json::from_str::<Value>(line).ok();
    let path = |message: Value| message["executable"].as_str().map(str::to_owned);
    messages
        .lines()
        .filter_map(message)
        .filter_map(path)
        .next_back()
}

/// Every number of the report, under names that begin with `pocl`, and who was measured.
pub(super) fn keep(records: &mut Records, report: &Value) {
    let mut figures = Figures::renew(records, "pocl");
    for (name, ..) in ROWS {
        figures.keep_spread(name, &report[name]);
    }
    let name = report["pocl"].clone();
    records.reports.insert(NAME.into(), name);
}

/// The section of the page.
pub(super) fn section(records: &Records) -> String {
    let shown = Shown::new(records, "pocl");
    let mut page = String::from("\n## The shader cores beside PoCL\n\n");
    let Some(name) = records.reports.get(NAME).and_then(Value::as_str) else {
        page.push_str("Not measured: `cargo xtask perf --softgpu` does.\n");
        return page;
    };
    page.push_str(&format!(
        "The same kernels in OpenCL C (`{SOURCE}`), without a guest: compiled by Intel's compiler and run by\n\
         the model on two host threads, and by {name}.\nBoth in turn, every result checked; given are \
         the median and the quartiles of the rounds.\n\n| what | measured | aim |\n| --- | --- | --- |\n"
    ));
    for (name, digits, what, aim) in ROWS {
        let value = shown.spread_to(name, digits);
        page.push_str(&format!("| {what} | {value} | {aim} |\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::{executable, keep, section};
    use crate::records::Records;

    #[test]
    fn the_page_shows_what_the_bench_reports() {
        let mut records = Records::default();
        assert!(section(&records).contains("Not measured"));
        let report = serde_json::json!({
            "pocl": "PoCL 7, 2 threads",
            "product": {"median": 0.0625, "low": 0.06, "high": 0.07},
        });
        keep(&mut records, &report);
        let page = section(&records);
        for row in [
            "by PoCL 7, 2 threads.",
            "| our share of PoCL's | 0.062 (0.060 to 0.070) | at least 0.05 |",
            "| ours, in PoCL's | not measured | at most 3 |",
        ] {
            assert!(page.contains(row), "{row}\n{page}");
        }
    }

    #[test]
    fn cargo_names_the_program_last() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
             {\"reason\":\"compiler-artifact\",\"executable\":\"/b/opencl-1\"}\nwarning: x\n\
             {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages).as_deref(), Some("/b/opencl-1"));
        assert_eq!(executable(""), None);
    }
}
