#version 460
// Sums of nine neighbours; what is outside counts as nothing.
layout(local_size_x = 16, local_size_y = 8) in;
layout(binding = 0, r32f) readonly uniform image2D from;
layout(binding = 1, r32f) writeonly uniform image2D to;
void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy), size = imageSize(to);
    if (any(greaterThanEqual(at, size))) return;
    float sum = 0.0;
    for (int y = -1; y <= 1; y++)
        for (int x = -1; x <= 1; x++) {
            ivec2 near = at + ivec2(x, y);
            if (all(greaterThanEqual(near, ivec2(0))) && all(lessThan(near, size)))
                sum += imageLoad(from, near).x;
        }
    imageStore(to, at, vec4(sum));
}
