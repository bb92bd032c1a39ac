#version 460
// A generation of Conway's game of life, on a field without ends.
layout(local_size_x = 16, local_size_y = 4) in;
layout(binding = 0, r32ui) readonly uniform uimage2D now;
layout(binding = 1, r32ui) writeonly uniform uimage2D then;
void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy), size = imageSize(now);
    if (any(greaterThanEqual(at, size))) return;
    uint near = 0u;
    for (int y = -1; y <= 1; y++)
        for (int x = -1; x <= 1; x++)
            if (x != 0 || y != 0) near += imageLoad(now, (at + ivec2(x, y) + size) % size).x;
    uint alive = imageLoad(now, at).x;
    imageStore(then, at, uvec4(near == 3u || (alive == 1u && near == 2u) ? 1u : 0u));
}
