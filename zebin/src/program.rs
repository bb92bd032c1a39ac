//! Programs: an ELF file with a section of code for each kernel, and a description of how their
//! payload is laid out (`.ze_info`, in YAML).

use object::{Object, ObjectSection};
use yaml_rust2::{Yaml, YamlLoader};

/// A compiled program.
#[derive(Clone, Debug)]
pub struct Program {
    kernels: Vec<Kernel>,
}

/// A compiled kernel.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Its name in the source.
    pub name: String,
    /// Its machine code.
    pub code: Vec<u8>,
    /// Channels of a thread.
    pub simd: u32,
    /// Bytes of shared local memory.
    pub local: u32,
    /// Bytes of scratch space for a thread.
    pub scratch: u32,
    /// Whether its groups have a barrier.
    pub barrier: bool,
    /// What stands in the payload that all threads have alike.
    pub arguments: Vec<PayloadArgument>,
    /// Which surface of the binding table is which argument: pairs of both numbers.
    pub surfaces: Vec<(usize, usize)>,
    /// Bytes of each thread's own payload: its local ids.
    pub each_thread: u32,
}

/// A piece of the payload.
#[derive(Clone, Debug)]
pub struct PayloadArgument {
    /// What it is, in the format's words (`arg_type`).
    pub kind: String,
    /// Where it stands, in bytes.
    pub offset: usize,
    /// Its bytes.
    pub size: usize,
    /// Number of the kernel's argument that it belongs to.
    pub index: usize,
    /// Of a piece of an argument passed by value: where in it.
    pub source_offset: usize,
}

impl Program {
    /// Takes a file of the compiler's apart.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn parse(binary: &[u8]) -> Self {
        let file = object::File::parse(binary).expect("an ELF file");
        let section = |name: &str| {
            let section = file.section_by_name(name);
            section.map(|it| it.data().expect("the section's bytes").to_vec())
        };
        let info = section(".ze_info").expect("a section .ze_info");
        let text = String::from_utf8_lossy(&info);
        let documents = YamlLoader::load_from_str(text.trim_end_matches('\0')).expect("YAML");
        let kernels = documents[0]["kernels"].as_vec().expect("a list of kernels");
        Self {
            kernels: kernels
                .iter()
                .map(|description| {
                    let name = description["name"].as_str().expect("a name").to_owned();
                    let code = section(&format!(".text.{name}")).expect("code");
                    Kernel::new(name, code, description)
                })
                .collect(),
        }
    }

    /// The kernel of that name.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn kernel(&self, name: &str) -> &Kernel {
        let mut kernels = self.kernels.iter();
        kernels
            .find(|kernel| kernel.name == name)
            .expect("a kernel of that name")
    }
}

fn number(yaml: &Yaml) -> u32 {
    yaml.as_i64().unwrap_or(0) as u32
}

impl Kernel {
    fn new(name: String, code: Vec<u8>, description: &Yaml) -> Self {
        let environment = &description["execution_env"];
        let list = |key: &str| description[key].as_vec().cloned().unwrap_or_default();
        Self {
            name,
            code,
            simd: number(&environment["simd_size"]),
            local: number(&environment["slm_size"]),
            scratch: list("per_thread_memory_buffers")
                .iter()
                .map(|buffer| number(&buffer["size"]))
                .sum(),
            barrier: number(&environment["barrier_count"]) > 0,
            arguments: list("payload_arguments")
                .iter()
                .map(|argument| PayloadArgument {
                    kind: argument["arg_type"].as_str().unwrap_or("").to_owned(),
                    offset: number(&argument["offset"]) as usize,
                    size: number(&argument["size"]) as usize,
                    index: number(&argument["arg_index"]) as usize,
                    source_offset: number(&argument["source_offset"]) as usize,
                })
                .collect(),
            surfaces: list("binding_table_indices")
                .iter()
                .map(|surface| {
                    let part = |key: &str| number(&surface[key]) as usize;
                    (part("bti_value"), part("arg_index"))
                })
                .collect(),
            each_thread: list("per_thread_payload_arguments")
                .iter()
                .map(|argument| number(&argument["size"]))
                .sum(),
        }
    }
}
