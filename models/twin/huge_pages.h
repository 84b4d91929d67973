// An allocator for large arrays that are touched at random: asks for pages of 2 MiB, so that finding an element costs
// one miss and not two. Small arrays, and systems without such pages, get ordinary memory. Thread-safe: no state.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace tidemark::twin {

template <class T>
struct HugePages {
  using value_type = T;
  static constexpr std::size_t kPage = std::size_t{2} << 20;

  HugePages() = default;
  template <class U>
  HugePages(const HugePages<U>&) {}  // NOLINT: allocators convert

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    const std::size_t alignment = bytes >= kPage ? kPage : alignof(T) > sizeof(void*) ? alignof(T) : sizeof(void*);
    void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (memory == nullptr) throw std::bad_alloc();
    if (bytes >= kPage) madvise(memory, bytes, MADV_HUGEPAGE);  // advice: whether it is taken changes no result
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) { std::free(memory); }
  bool operator==(const HugePages&) const { return true; }
};

}  // namespace tidemark::twin
