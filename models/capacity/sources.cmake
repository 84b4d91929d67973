target_sources(tidemark_models PRIVATE
)
