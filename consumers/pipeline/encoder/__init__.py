"""Pictures in, one finished MP4 file out."""
