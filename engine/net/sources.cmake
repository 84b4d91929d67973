target_sources(tidemark_io PRIVATE
)
