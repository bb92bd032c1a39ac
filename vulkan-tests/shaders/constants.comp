#version 460
// Specialisation constants of all kinds, and what is computed from them.
layout(local_size_x_id = 10, local_size_y_id = 11, local_size_z_id = 12) in;
layout(constant_id = 0) const uint NUMBER = 3;
layout(constant_id = 1) const int SIGNED = -7;
layout(constant_id = 2) const float REAL = 0.5;
layout(constant_id = 3) const bool TRUTH = false;
const uint DERIVED = NUMBER * 2u + 1u;
layout(std430, binding = 0) writeonly buffer Results { uint results[]; };
void main() {
    uint i = gl_LocalInvocationIndex;
    uint table[DERIVED];
    for (uint n = 0u; n < DERIVED; n++) table[n] = n * n;
    results[i * 4u] = table[i % DERIVED] + NUMBER;
    results[i * 4u + 1u] = uint(SIGNED);
    results[i * 4u + 2u] = floatBitsToUint(REAL * 4.0);
    results[i * 4u + 3u] = TRUTH ? gl_WorkGroupSize.x : gl_WorkGroupSize.y * 1000u + gl_WorkGroupSize.z;
}
