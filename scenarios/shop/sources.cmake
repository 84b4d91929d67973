target_sources(tidemark_shop PRIVATE
)
