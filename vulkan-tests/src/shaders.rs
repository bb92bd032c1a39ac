//! The shaders, as `glslc` compiled them when this program was built.

/// One shader.
pub(crate) struct Shader {
    /// Its file's name without the ending, and its variant's.
    pub(crate) name: &'static str,
    fast: &'static [u8],
    plain: &'static [u8],
}

/// All of them.
pub(crate) static SHADERS: &[Shader] = include!(concat!(env!("OUT_DIR"), "/shaders.rs"));

/// The shader of that name.
pub(crate) fn find(name: &str) -> Option<&'static Shader> {
    SHADERS.iter().find(|it| it.name == name)
}

impl Shader {
    /// Its SPIR-V, optimised by glslc or not.
    pub(crate) fn words(&self, fast: bool) -> Vec<u32> {
        let bytes = if fast { self.fast } else { self.plain };
        let word = |it: &[u8]| it.try_into().map_or(0, u32::from_le_bytes);
        bytes.chunks_exact(4).map(word).collect()
    }
}
