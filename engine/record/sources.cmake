target_sources(tidemark_core PRIVATE
)
